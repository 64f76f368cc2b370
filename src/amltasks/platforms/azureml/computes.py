"""Clusters of a workspace, whichever SDK they are asked for by: `v1` and `v2` answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, Protocol

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.platforms.azureml.service import there_are
from amltasks.quoting import quoted

SYSTEM_ASSIGNED = "systemAssigned"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}[A-Za-z0-9]")
State = Literal["creating", "ready", "failed", "deleting"]


class Cluster(Data):
    """idle: seconds until a node without work goes. identity: `systemAssigned`, or the resource id of one; or empty."""

    name: str
    size: str = "Standard_DS3_v2"
    minimum: int = 0
    maximum: int = 4
    idle: int = 120
    low_priority: bool = False
    identity: str = ""
    description: str = ""
    tags: dict[str, str] = {}


class Found(Data):
    """A compute as the workspace tells of it. kind: `AmlCompute` for clusters. reason: why it has failed, if known."""

    cluster: Cluster
    state: State
    kind: str = "AmlCompute"
    reason: str = ""


class Computes(Protocol):
    """Of one workspace. Every method blocks, repeats what may be repeated, and raises ServiceError where Azure ML
    fails, UserError where it refuses. What is begun goes on by itself; `find` tells how far it is."""

    def open(self) -> None:
        """Comes first. Raises UserError where there is no such workspace, or no right to see it."""

    def find(self, name: str) -> Found | None: ...

    def begin(self, cluster: Cluster) -> None:
        """Makes it, or gives another number of nodes and another idle time to the one that there is."""

    def delete(self, name: str) -> None:
        """One that is not there is no error."""

    def sizes(self) -> tuple[str, ...]:
        """Of machines, in the workspace's region."""

    def close(self) -> None: ...


def check_cluster(cluster: Cluster) -> None:
    """Raises UserError, naming the input, for what no workspace can make."""
    if not _NAME.fullmatch(cluster.name):
        raise UserError(
            f"compute: {quoted(cluster.name)} is no name of a cluster: 2 to 32 letters, digits and hyphens, of which "
            "the first is a letter and the last is none of the hyphens."
        )
    if not 0 <= cluster.minimum <= cluster.maximum or not cluster.maximum:
        raise UserError(f"minNodes, maxNodes: from {cluster.minimum} to {cluster.maximum} nodes is no range.")


def differences(found: Cluster, wanted: Cluster) -> Iterator[tuple[str, str, str]]:
    """(input, what there is, what is wanted) of all settings that are not as wanted."""
    pairs = {
        "size": (found.size.lower() != wanted.size.lower(), found.size, wanted.size),
        "minNodes": (found.minimum != wanted.minimum, found.minimum, wanted.minimum),
        "maxNodes": (found.maximum != wanted.maximum, found.maximum, wanted.maximum),
        "idleTime": (found.idle != wanted.idle, f"{found.idle} s", f"{wanted.idle} s"),
        "priority": (found.low_priority != wanted.low_priority, _priority(found), _priority(wanted)),
        "identity": (
            bool(wanted.identity) and found.identity.lower() != wanted.identity.lower(),
            found.identity or "none",
            wanted.identity,
        ),
    }
    for name, (differs, there, asked) in pairs.items():
        if differs:
            yield name, str(there), str(asked)


def unknown_size(size: str, known: tuple[str, ...]) -> str:
    """The sentence about a size that is none; empty where it is one, or nobody knows."""
    if not known or size.lower() in (each.lower() for each in known):
        return ""
    return f"size: {quoted(size)} is no size of machines in the workspace's region{there_are(size, sorted(known))}"


def _priority(cluster: Cluster) -> str:
    return "lowPriority" if cluster.low_priority else "dedicated"
