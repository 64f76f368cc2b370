"""Resources as Azure Resource Manager keeps them, whatever their type: under an id, below a parent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.store import Document, Store, Table
from sandbox.wire import format_time


class Resource(Document):
    """One resource. more: what stands beside its properties: location, tags, kind, sku, identity."""

    id: str
    properties: dict[str, Any]
    more: dict[str, Any] = {}
    created: datetime
    created_by: str
    modified: datetime
    modified_by: str

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def type(self) -> str:
        """Like `Microsoft.MachineLearningServices/workspaces/computes`."""
        provider, *segments = self.id.rpartition("/providers/")[2].split("/")
        return "/".join([provider, *segments[::2]])

    @property
    def body(self) -> dict[str, Any]:
        """As ARM answers it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            **self.more,
            "properties": self.properties,
            "systemData": {
                "createdAt": format_time(self.created),
                "createdBy": self.created_by,
                "createdByType": "Application",
                "lastModifiedAt": format_time(self.modified),
                "lastModifiedBy": self.modified_by,
                "lastModifiedByType": "Application",
            },
        }


class Resources:
    """All resources of a cloud. Ids are compared without regard to case and kept as they were first written."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._table = Table(store, "azure-resource", Resource)
        self._store = store
        self._clock = clock

    def get(self, path: str) -> Resource | None:
        return self._table.get(*_place(path))

    def all(self, collection: str) -> list[Resource]:
        """In order of arrival. collection: an id without its last segment, like `…/workspaces/ws/computes`."""
        return self._table.all(collection.rstrip("/").lower())

    def put(
        self, path: str, properties: Mapping[str, Any], more: Mapping[str, Any] | None = None, *, by: str = "sandbox"
    ) -> Resource:
        """Make or change a resource; the whole of its properties and of `more` is replaced. by: an object id."""
        with self._store.changing():
            old, now = self.get(path), self._clock.now()
            resource = Resource(
                id=old.id if old else path,
                properties=dict(properties),
                more=dict(more or {}),
                created=old.created if old else now,
                created_by=old.created_by if old else by,
                modified=now,
                modified_by=by,
            )
            self._table.put(*_place(path), resource)
            return resource

    def delete(self, path: str) -> None:
        """The resource alone; what is below it stays."""
        self._table.delete(*_place(path))


def _place(path: str) -> tuple[str, str]:
    collection, _, name = path.rstrip("/").lower().rpartition("/")
    return collection, name
