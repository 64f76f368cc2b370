"""Repositories and pull requests: names and ids of what lies in local git repositories."""

from __future__ import annotations

import uuid
from pathlib import Path

from sandbox.devops.git import errors
from sandbox.devops.git.discussions import Discussions
from sandbox.store import Document, Store, Table


class Repository(Document):
    """contributions: whether builds may contribute to its pull requests."""

    id: str
    name: str
    path: Path
    contributions: bool = True


class PullRequest(Document):
    """source, target: full names of refs. iterations: what the source was at, from the first one on.

    No iterations: one, which is whatever the source is at.
    """

    id: int
    repository_id: str
    source: str
    target: str
    title: str
    iterations: tuple[str, ...] = ()


class Repositories:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._table = Table(store, "repository", Repository)
        self._pull_requests = Table(store, "pull request", PullRequest)
        self.discussions = Discussions(store)

    def add(self, name: str, path: Path) -> Repository:
        """Serve a local working copy or bare repository under a name; an id stays with its name."""
        with self.store.changing():
            known = self._table.get("", name)
            repository = Repository(
                id=known.id if known else str(uuid.uuid4()),
                name=name,
                path=path.resolve(),
                contributions=known.contributions if known else True,
            )
            self._table.put("", name, repository)
            return repository

    def all(self) -> list[Repository]:
        return self._table.all("")

    def get(self, name_or_id: str) -> Repository:
        for repository in self.all():
            if name_or_id.lower() in (repository.id, repository.name.lower()):
                return repository
        raise errors.repository_not_found(name_or_id)

    def allow_contributions(self, name: str, allowed: bool) -> None:
        """What somebody sets as “Contribute to pull requests” for the build service."""
        with self.store.changing():
            repository = self.get(name)
            self._table.put("", repository.name, repository.model_copy(update={"contributions": allowed}))

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

    def pull_requests(self) -> list[PullRequest]:
        return self._pull_requests.all("")

    def find_pull_request(self, number: int) -> PullRequest:
        """By its number, which is the project's, not the repository's."""
        found = self._pull_requests.get("", number)
        if found is None:
            raise errors.pull_request_not_found(number)
        return found

    def push(self, repository: Repository, *, source: str, target: str, commit: str) -> PullRequest:
        """The pull request between two branches, opened where there is none, with the source at a commit."""
        with self.store.changing():
            between = (repository.id, source, target)
            known = [each for each in self.pull_requests() if (each.repository_id, each.source, each.target) == between]
            request = known[-1] if known else self.pull_request(repository.id, source=source, target=target)
            if request.iterations[-1:] != (commit,):
                request = request.model_copy(update={"iterations": (*request.iterations, commit)})
                self._pull_requests.put("", request.id, request)
            return request
