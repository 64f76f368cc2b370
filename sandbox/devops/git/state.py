"""Repositories and pull requests: names and ids of what lies in local git repositories."""

from __future__ import annotations

import uuid
from pathlib import Path

from sandbox.devops.git import errors
from sandbox.store import Document, Store, Table


class Repository(Document):
    id: str
    name: str
    path: Path


class PullRequest(Document):
    """source, target: full names of refs."""

    id: int
    repository_id: str
    source: str
    target: str
    title: str


class Repositories:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._table = Table(store, "repository", Repository)
        self._pull_requests = Table(store, "pull request", PullRequest)

    def add(self, name: str, path: Path) -> Repository:
        """Serve a local working copy or bare repository under a name; an id stays with its name."""
        with self.store.changing():
            known = self._table.get("", name)
            repository = Repository(id=known.id if known else str(uuid.uuid4()), name=name, path=path.resolve())
            self._table.put("", name, repository)
            return repository

    def all(self) -> list[Repository]:
        return self._table.all("")

    def get(self, name_or_id: str) -> Repository:
        for repository in self.all():
            if name_or_id.lower() in (repository.id, repository.name.lower()):
                return repository
        raise errors.repository_not_found(name_or_id)

    def pull_request(self, repository: str, *, source: str, target: str, title: str = "") -> PullRequest:
        """Open a pull request between two branches, given by their full names (`refs/heads/…`)."""
        with self.store.changing():
            number = self.store.count("pull request")
            opened = PullRequest(
                id=number, repository_id=self.get(repository).id, source=source, target=target, title=title or source
            )
            self._pull_requests.put("", number, opened)
            return opened

    def get_pull_request(self, repository: Repository, number: int) -> PullRequest:
        found = self._pull_requests.get("", number)
        if found is None or found.repository_id != repository.id:
            raise errors.pull_request_not_found(number)
        return found
