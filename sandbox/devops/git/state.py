"""Repositories: names and ids of local git repositories, and what git says of them."""

from __future__ import annotations

import uuid
from pathlib import Path

from sandbox.devops.git import errors
from sandbox.store import Document, Store, Table


class Repository(Document):
    id: str
    name: str
    path: Path


class Repositories:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._table = Table(store, "repository", Repository)

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
