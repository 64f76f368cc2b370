"""The cores that services take, and whether there are any left for one more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.azure.computes.aks import cores_of
from sandbox.azure.resources import Resource
from sandbox.azure.services import failures, settings
from sandbox.azure.services.failures import DeploymentFailedError
from sandbox.azure.services.models import AciService
from sandbox.azure.services.settings import Asked, Container

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud


def lacking(cloud: Cloud, workspace: Resource, asked: Asked) -> tuple[int, float, float] | None:
    """Replicas, cores and GB that an AKS has no room for; None where it has."""
    if isinstance(asked, AciService):
        return None
    compute = cloud.computes.find(workspace, asked.compute_name or "")
    cluster = cloud.kubernetes.find(compute.properties["resourceId"]) if compute else None
    if compute is None or cluster is None:
        return None
    others = [each.asked for each in cloud.services.on(compute) if each.serving and each.name != asked.name]
    room = cores_of(cluster) - sum(cores_taken(each) for each in others)
    for container in settings.containers(asked).values():
        room -= _cores(container)
        if room < 0:
            needs = container.container_resource_requirements
            return _replicas(container), needs.cpu, needs.memory_in_gb
    return None


def check(cloud: Cloud, workspace: Resource, asked: Asked) -> None:
    """Raises DeploymentFailedError where there is none, as it turns out while a service is deployed."""
    if isinstance(asked, AciService):
        serving = [each for each in cloud.services.everywhere() if each.kind == "ACI" and each.serving]
        others = [each for each in serving if (each.workspace, each.name) != (workspace.id.lower(), asked.name)]
        taken, cores = sum(cores_taken(each.asked) for each in others), cores_taken(asked)
        if taken + cores > cloud.services.quota:
            raise DeploymentFailedError(failures.aci_quota(cloud.services.quota, taken, cores))
    elif lacking(cloud, workspace, asked):
        compute = cloud.computes.find(workspace, asked.compute_name or "")
        raise DeploymentFailedError(failures.no_nodes(compute.properties["properties"]["agentCount"] if compute else 0))


def cores_taken(asked: Asked) -> float:
    return sum(_cores(container) for container in settings.containers(asked).values())


def _replicas(container: Container) -> int:
    if isinstance(container, AciService):
        return 1
    return container.num_replicas or container.auto_scaler.min_replicas


def _cores(container: Container) -> float:
    return container.container_resource_requirements.cpu * _replicas(container)
