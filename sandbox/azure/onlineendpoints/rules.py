"""What may be changed about online endpoints, and into what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.azure.computes.state import SIZES
from sandbox.azure.onlineendpoints import errors
from sandbox.azure.onlineendpoints.models import EndpointProperties
from sandbox.azure.onlineendpoints.provisioning import cores, cores_of
from sandbox.azure.resources import Resource

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud
    from sandbox.azure.onlineendpoints.state import OnlineEndpoints

BUSY = ("Creating", "Updating", "Deleting", "Scaling")
_MOST_MIRRORED = 50  # per cent


def check_idle(kind: str, resource: Resource) -> None:
    """Refuse a change of what is being changed."""
    state = resource.properties["provisioningState"]
    if state in BUSY:
        raise errors.is_busy(kind, resource.name, state)


class Rules:
    """Each raises an AzureError where it is broken."""

    def __init__(self, cloud: Cloud, endpoints: OnlineEndpoints) -> None:
        self._cloud = cloud
        self._endpoints = endpoints

    def check(self, workspace: Resource, name: str, asked: EndpointProperties, known: Resource | None) -> None:
        """An endpoint. known: as it is already."""
        if asked.compute:
            compute = self._cloud.computes.find(workspace, asked.compute.rpartition("/")[2])
            if compute is None or compute.properties["computeType"] != "Kubernetes":
                raise errors.no_cluster(asked.compute)
        if known:
            check_idle("endpoint", known)
            if (known.properties.get("compute") or "").lower() != (asked.compute or "").lower():
                raise errors.cannot_change(name, "compute")
            if known.properties["authMode"] != asked.auth_mode:
                raise errors.cannot_change(name, "authMode")
            self.check_traffic(known, asked.traffic, asked.mirror_traffic)
        elif any({**asked.traffic, **asked.mirror_traffic}.values()):
            raise errors.no_deployment("Traffic", {*asked.traffic, *asked.mirror_traffic})

    def check_traffic(self, endpoint: Resource, traffic: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        if sum(traffic.values()) not in (0, 100):
            raise errors.bad_sum(sum(traffic.values()))
        for member, shares in (("Traffic", traffic), ("MirrorTraffic", mirror)):
            missing = [name for name, share in shares.items() if share and not self._takes(endpoint, name)]
            if missing:
                raise errors.no_deployment(member, missing)
        if endpoint.properties.get("compute"):
            return
        mirrored = {name: share for name, share in mirror.items() if share}
        if len(mirrored) > 1:
            raise errors.bad_mirror("Traffic can be mirrored to one deployment alone.")
        for name, share in mirrored.items():
            if share > _MOST_MIRRORED:
                raise errors.bad_mirror(f"At most {_MOST_MIRRORED} % of the traffic can be mirrored, not {share}.")
            if traffic.get(name):
                raise errors.bad_mirror(
                    f"The deployment '{name}' gets live traffic: it cannot get mirrored traffic too."
                )

    def check_quota(self, endpoint: Resource, name: str, properties: Mapping[str, Any], instances: int) -> None:
        """Refuse a managed deployment whose machines cannot be had."""
        if properties["endpointComputeType"] != "Managed":
            return
        size = properties["instanceType"]
        if size.lower() not in SIZES:
            raise errors.unknown_size(size, (each.name for each in SIZES.values()))
        path = f"{endpoint.id}/deployments/{name}".lower()
        others = [
            each
            for workspace in self._cloud.workspaces.all()
            for parent in self._endpoints.all(workspace)
            for each in self._endpoints.deployments(parent)
            if each.id.lower() != path and each.properties.get("instanceType", "").lower() == size.lower()
        ]
        used, needed, quota = sum(map(cores_of, others)), cores(size, instances), self._endpoints.provisioning.quota
        if used + needed > quota:
            raise errors.out_of_quota(size, self._cloud.subscription.id, used, quota, needed)

    def _takes(self, endpoint: Resource, name: str) -> bool:
        """Whether a deployment could answer: it is there, and was made once."""
        found = self._endpoints.deployment(endpoint, name)
        return found is not None and (
            found.properties["provisioningState"] == "Succeeded" or self._cloud.serving.serves(found.id.lower())
        )
