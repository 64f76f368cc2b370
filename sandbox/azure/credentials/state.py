"""Secrets, by workspace."""

from __future__ import annotations

from datetime import datetime

from sandbox.azure.resources import Resource
from sandbox.clock import Clock
from sandbox.store import Document, Store, Table


class Secret(Document):
    name: str
    value: str
    content_type: str | None = None
    created: datetime
    modified: datetime


class Credentials:
    """Of all workspaces. Names are compared without regard to case, as a key vault does."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._table = Table(store, "azure-secret", Secret)
        self._clock = clock

    def put(self, workspace: Resource, name: str, value: str, content_type: str | None = None) -> Secret:
        with self._store.changing():
            known, now = self.get(workspace, name), self._clock.now()
            created = known.created if known else now
            secret = Secret(name=name, value=value, content_type=content_type, created=created, modified=now)
            self._table.put(workspace.id.lower(), name.lower(), secret)
            return secret

    def get(self, workspace: Resource, name: str) -> Secret | None:
        return self._table.get(workspace.id.lower(), name.lower())

    def all(self, workspace: Resource) -> list[Secret]:
        return self._table.all(workspace.id.lower())

    def delete(self, workspace: Resource, name: str) -> None:
        self._table.delete(workspace.id.lower(), name.lower())
