"""Who may do what where: role assignments, by the definitions of Azure's built-in roles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sandbox.store import Document, Store, Table

_AML = "Microsoft.MachineLearningServices/workspaces"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"


@dataclass(frozen=True)
class Role:
    """What a role allows on resources (actions but for those excepted) and on what is in them (data)."""

    actions: tuple[str, ...]
    excepted: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        granted = self.data if action.startswith(f"{_BLOBS}/blobs/") else self.actions
        return _any(granted, action) and not _any(self.excepted, action)


ROLES = {
    "Owner": Role(("*",)),
    "Contributor": Role(
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ),
    ),
    "Reader": Role(("*/read",)),
    "AzureML Data Scientist": Role(
        (f"{_AML}/*/read", f"{_AML}/*/action", f"{_AML}/*/delete", f"{_AML}/*/write"),
        (
            f"{_AML}/delete",
            f"{_AML}/write",
            f"{_AML}/computes/*/write",
            f"{_AML}/computes/*/delete",
            f"{_AML}/computes/listKeys/action",
            f"{_AML}/listKeys/action",
            f"{_AML}/hubs/read",
            f"{_AML}/featurestores/read",
        ),
    ),
    "Storage Blob Data Owner": Role((f"{_BLOBS}/*",), data=(f"{_BLOBS}/blobs/*",)),
    "Storage Blob Data Reader": Role((f"{_BLOBS}/read",), data=(f"{_BLOBS}/blobs/read",)),
    "Storage Blob Data Contributor": Role(
        (f"{_BLOBS}/delete", f"{_BLOBS}/read", f"{_BLOBS}/write"),
        data=(f"{_BLOBS}/blobs/delete", f"{_BLOBS}/blobs/read", f"{_BLOBS}/blobs/write", f"{_BLOBS}/blobs/add/action"),
    ),
}


class Assignment(Document):
    """scope: a subscription, a resource group or a resource; it reaches all below it."""

    principal: str
    role: str
    scope: str


class Roles:
    def __init__(self, store: Store) -> None:
        self._table = Table(store, "azure-role-assignment", Assignment)

    def assign(self, principal: str, role: str, scope: str) -> None:
        """principal: an object id. ValueError for a role that is not played."""
        if role not in ROLES:
            raise ValueError(f"There is no role {role!r}; there are {', '.join(ROLES)}.")
        assignment = Assignment(principal=principal, role=role, scope=scope.rstrip("/"))
        self._table.put(principal, f"{role}@{assignment.scope.lower()}", assignment)

    def withdraw(self, principal: str) -> None:
        """All that a principal was given."""
        self._table.delete(principal)

    def allow(self, principal: str, action: str, scope: str) -> bool:
        """action: as role definitions write it, like `Microsoft.MachineLearningServices/workspaces/read`."""
        below = f"{scope.rstrip('/')}/".lower()
        return any(
            below.startswith(f"{each.scope}/".lower()) and ROLES[each.role].allows(action)
            for each in self._table.all(principal)
        )


def scope_of(path: str) -> str:
    """The resource that a path is about: `…/computes/cpu` itself, its parent for a list of them or an action on it."""
    segments = path[path.lower().find("/subscriptions/") :].strip("/").split("/")
    names = [segment.lower() for segment in segments]
    own = len(names) - 1 - names[::-1].index("providers") + 2 if "providers" in names else 0
    return "/" + "/".join(segments[: len(segments) - (len(segments) - own) % 2])


def _any(patterns: tuple[str, ...], action: str) -> bool:
    return any(_pattern(each).fullmatch(action) for each in patterns)


@lru_cache
def _pattern(text: str) -> re.Pattern[str]:
    """`*` stands for anything, `/*/` for nothing as well: that is how the definitions mean it."""
    escaped = re.escape(text).replace(r"/\*/", "/(?:.*/)?").replace(r"\*", ".*")
    return re.compile(escaped, re.IGNORECASE)
