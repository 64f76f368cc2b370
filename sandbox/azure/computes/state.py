"""Computes, the sizes of machines that there are, and how many cores the subscription may have."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.azure.computes import errors
from sandbox.azure.computes.models import ClusterProperties
from sandbox.azure.machine_learning import MachineLearningError
from sandbox.azure.resources import Resource, Resources
from sandbox.azure.wire import AzureError
from sandbox.clock import Clock
from sandbox.wire import format_time

SERVERLESS = "serverless"


@dataclass(frozen=True)
class Size:
    """Of a machine. memory: GiB."""

    name: str
    cores: int
    memory: float
    family: str


SIZES = {
    size.name.lower(): size
    for size in (
        Size("Standard_DS1_v2", 1, 3.5, "Standard DSv2 Family"),
        Size("Standard_DS2_v2", 2, 7, "Standard DSv2 Family"),
        Size("Standard_DS3_v2", 4, 14, "Standard DSv2 Family"),
        Size("Standard_DS4_v2", 8, 28, "Standard DSv2 Family"),
        Size("Standard_DS11_v2", 2, 14, "Standard DSv2 Family"),
        Size("Standard_DS12_v2", 4, 28, "Standard DSv2 Family"),
        Size("Standard_D2_v2", 2, 7, "Standard Dv2 Family"),
        Size("Standard_D3_v2", 4, 14, "Standard Dv2 Family"),
        Size("Standard_E4s_v3", 4, 32, "Standard ESv3 Family"),
        Size("Standard_E4ds_v4", 4, 32, "Standard EDSv4 Family"),
        Size("Standard_F4s_v2", 4, 8, "Standard FSv2 Family"),
        Size("Standard_NC6s_v3", 6, 112, "Standard NCSv3 Family"),
    )
}


class Computes:
    """quota: cores that the clusters of one family of sizes may have together, and those of one serverless job.

    failures: code and message of what each of the next computes that are made fails by. Nodes are elsewhere.
    """

    def __init__(self, resources: Resources, clock: Clock, location: str) -> None:
        self._resources = resources
        self._clock = clock
        self._location = location
        self.quota = 200
        self.failures: deque[tuple[str, str]] = deque()

    def create(
        self,
        workspace: Resource,
        name: str,
        nodes: int = 2,
        *,
        size: str = "Standard_DS3_v2",
        least: int = 0,
        low_priority: bool = False,
    ) -> Resource:
        """A cluster. nodes: the most that it may have; least: those that never go away."""
        properties = {
            "vmSize": size,
            "vmPriority": "LowPriority" if low_priority else "Dedicated",
            "scaleSettings": {"minNodeCount": least, "maxNodeCount": nodes, "nodeIdleTimeBeforeScaleDown": "PT2M"},
            "osType": "Linux",
        }
        path = f"{workspace.id}/computes/{name}"
        self.check_cluster(path, ClusterProperties.model_validate(properties))
        whole = {"computeType": "AmlCompute", "properties": properties}
        return self.put(path, whole, {"location": self._location}, state="Succeeded")

    def find(self, workspace: Resource, name: str) -> Resource | None:
        return self._resources.get(f"{workspace.id}/computes/{name}")

    def all(self, workspace: Resource) -> list[Resource]:
        return self._resources.all(f"{workspace.id}/computes")

    def put(
        self,
        path: str,
        properties: dict[str, Any],
        more: dict[str, Any],
        by: str = "sandbox",
        *,
        state: str,
    ) -> Resource:
        """properties: of the compute, by its type, as they are sent. state: of its provisioning."""
        old, now = self._resources.get(path), format_time(self._clock.now())
        whole = {
            "computeLocation": self._location,
            "isAttachedCompute": properties["computeType"] != "AmlCompute",
            **properties,
            "provisioningState": state,
            "provisioningErrors": None,
            "createdOn": old.properties["createdOn"] if old else now,
            "modifiedOn": now,
        }
        return self._resources.put(path, whole, more, by=by)

    def provision(self, path: str, check: Callable[[], None] = lambda: None) -> None:
        """Finish a compute that is being made; raises the AzureError that it fails by. check: may raise one."""
        error: AzureError | None = None
        try:
            if self.failures:
                code, message = self.failures.popleft()
                raise MachineLearningError(400, message, code=code)
            check()
        except AzureError as failure:
            error = failure
        compute = self._resources.get(path)
        if compute is None:  # deleted while it was made
            return
        told: dict[str, Any] = {"provisioningState": "Failed" if error else "Succeeded", "provisioningErrors": None}
        if error:
            told["provisioningErrors"] = [{"error": {"code": error.code, "message": error.message}}]
        self._resources.put(path, {**compute.properties, **told}, compute.more, by=compute.modified_by)
        if error:
            raise error

    def delete(self, path: str) -> None:
        self._resources.delete(path)

    def check_cluster(self, path: str, asked: ClusterProperties) -> None:
        """Refuse a cluster whose machines cannot be had."""
        size = SIZES.get(asked.vm_size.lower())
        if size is None:
            raise errors.unknown_size(asked.vm_size, self._location, (each.name for each in SIZES.values()))
        scale = asked.scale_settings
        if not 0 <= scale.min_node_count <= scale.max_node_count:
            raise errors.bad_scale(scale.min_node_count, scale.max_node_count)
        wanted = scale.max_node_count * size.cores + self._taken(path, size.family)
        if wanted > self.quota:
            raise errors.over_quota(wanted, self.quota, size.family)

    def check_serverless(self, size: str, nodes: int) -> None:
        """Refuse machines for one job that are more than the quota allows."""
        found = SIZES[size.lower()]
        if found.cores * nodes > self.quota:
            raise errors.over_quota(found.cores * nodes, self.quota, found.family)

    def _taken(self, path: str, family: str) -> int:
        """Cores of the other clusters of the workspace."""
        taken = 0
        for other in self._resources.all(path.rpartition("/")[0]):
            inner = other.properties.get("properties") or {}
            size = SIZES.get(str(inner.get("vmSize")).lower())  # clusters of Kubernetes have a quota of their own
            if size and size.family == family and other.id.lower() != path.lower():
                taken += size.cores * int(inner["scaleSettings"]["maxNodeCount"])
        return taken


def nodes_of(compute: Resource) -> int:
    """The most that a cluster may have; of others, one."""
    scale = (compute.properties.get("properties") or {}).get("scaleSettings") or {}
    return int(scale.get("maxNodeCount", 1))


def is_low_priority(compute: Resource) -> bool:
    return (compute.properties.get("properties") or {}).get("vmPriority") == "LowPriority"
