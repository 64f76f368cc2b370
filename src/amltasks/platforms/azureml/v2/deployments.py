"""A deployment as the SDK v2 takes it, and what of it has no counterpart there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amltasks.errors import UserError
from amltasks.platforms.azureml.environment import DEFAULT_IMAGE, named_environment
from amltasks.platforms.endpoints import Auth, DeploymentSpec, EndpointSpec, Probe, Resources, ScoringEnvironment
from amltasks.quoting import quoted

MANAGED, KUBERNETES = "managed", "kubernetes"
SCORING_IMAGE = "mcr.microsoft.com/azureml/minimal-py312-inference:latest"  # where nothing says what is needed
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
_GIB = 1 << 30
_SETTINGS = {MANAGED: {"identity", "publicNetworkAccess"}, KUBERNETES: {"identity"}}


@dataclass(frozen=True)
class _Machine:
    """memory: bytes."""

    name: str
    cores: int
    memory: float
    gpus: int = 0


# From the cheapest on; smaller ones than the first are not recommended for endpoints.
# https://learn.microsoft.com/azure/machine-learning/reference-managed-online-endpoints-vm-sku-list
_MACHINES = (
    _Machine("Standard_DS3_v2", 4, 14 * _GIB),
    _Machine("Standard_E4s_v3", 4, 32 * _GIB),
    _Machine("Standard_DS4_v2", 8, 28 * _GIB),
    _Machine("Standard_E8s_v3", 8, 64 * _GIB),
    _Machine("Standard_DS5_v2", 16, 56 * _GIB),
    _Machine("Standard_E16s_v3", 16, 128 * _GIB),
    _Machine("Standard_F32s_v2", 32, 64 * _GIB),
    _Machine("Standard_E32s_v3", 32, 256 * _GIB),
    _Machine("Standard_NC6s_v3", 6, 112 * _GIB, gpus=1),
    _Machine("Standard_NC12s_v3", 12, 224 * _GIB, gpus=2),
    _Machine("Standard_NC24s_v3", 24, 448 * _GIB, gpus=4),
)


def check_names(endpoint: EndpointSpec, deployment: DeploymentSpec) -> None:
    """Raises UserError for what the service refuses."""
    for what, name in (("endpoint", endpoint.name), ("deployment", deployment.name)):
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{what}: {quoted(name)} is no name that Azure ML takes: 3 to 32 letters, digits and hyphens, of which "
                "the first is a letter and the last is none of the hyphens."
            )
    if len(deployment.models) > 1:
        ids = ", ".join(model.id for model in deployment.models)
        raise UserError(f"model: a deployment of Azure ML has one, not {ids}: register them together, as one folder.")


def warnings_of(endpoint: EndpointSpec, deployment: DeploymentSpec, kind: str) -> Iterator[str]:
    """A sentence for each setting that is not as it was said."""
    if endpoint.auth is Auth.NONE:
        yield "auth: an online endpoint cannot be without any: it takes keys."
    if endpoint.location:
        yield f"location: an online endpoint is where its workspace is, not in {endpoint.location}."
    for name in sorted(set(endpoint.settings) - _SETTINGS[kind]):
        yield f"{name}: not known to a {kind} online endpoint: it has no effect."
    if kind == MANAGED:
        yield from _warnings_of_machines(deployment.resources)
    elif deployment.collect_data:
        yield "collectData: only managed endpoints collect data: it has no effect."


def machine_for(resources: Resources) -> str:
    """The smallest that has so much. Raises UserError where none has."""
    if resources.instance_type:
        return resources.instance_type
    wanted = (resources.cpu or 0, resources.memory or 0, resources.gpu or 0)
    for each in _MACHINES:
        if (
            each.cores >= wanted[0]
            and each.memory >= wanted[1]
            and bool(each.gpus) == bool(wanted[2])
            and (each.gpus >= wanted[2])
        ):
            return each.name
    raise UserError("cpu, memory, gpu: no size of machine is known that has so much: name one by instanceType.")


def deployment_entity(spec: DeploymentSpec, endpoint: str, kind: str) -> Any:
    """For `online_deployments.begin_create_or_update`, which changes it."""
    from azure.ai.ml.entities import CodeConfiguration, KubernetesOnlineDeployment, ManagedOnlineDeployment

    (model,) = spec.models
    common: dict[str, Any] = {
        "name": spec.name,
        "endpoint_name": endpoint,
        "model": f"azureml:{model.id}",
        "code_configuration": CodeConfiguration(code=str(spec.code), scoring_script=spec.script),
        "environment": _environment(spec.environment),
        "environment_variables": dict(spec.variables),
        "app_insights_enabled": spec.app_insights,
        "description": spec.description or None,
        "tags": dict(spec.tags),
        "request_settings": _request_settings(spec),
        "liveness_probe": _probe(spec.liveness),
        "readiness_probe": _probe(spec.readiness),
        "instance_count": instances(spec.resources),
    }
    if kind == MANAGED:
        return ManagedOnlineDeployment(
            **common, instance_type=machine_for(spec.resources), data_collector=_collector(spec.collect_data)
        )
    return KubernetesOnlineDeployment(
        **common,
        instance_type=spec.resources.instance_type or None,
        resources=_requirements(spec.resources),
        scale_settings=_scale(spec.resources),
    )


def instances(resources: Resources) -> int:
    """As many as there are to begin with."""
    return resources.replicas or (resources.autoscale.minimum if resources.autoscale else 1)


def _warnings_of_machines(resources: Resources) -> Iterator[str]:
    if not resources.instance_type and (resources.cpu or resources.memory or resources.gpu):
        machine = machine_for(resources)
        yield f"cpu, memory: a managed endpoint has whole machines: {machine} is taken; instanceType names another."
    elif resources.instance_type and (resources.cpu or resources.memory or resources.gpu):
        yield f"cpu, memory: a managed endpoint has whole machines: those of {resources.instance_type} count."
    if resources.cpu_limit or resources.memory_limit:
        yield "cpuLimit, memoryLimit: a managed endpoint knows no limits but its machines': they have no effect."
    if resources.autoscale:
        yield (
            f"autoscale: a managed endpoint is scaled by rules of Azure Monitor, which are not made here: it has "
            f"{instances(resources)} instances."
        )


def _environment(wanted: ScoringEnvironment) -> Any:
    from azure.ai.ml.entities import Environment

    if wanted.name:
        return named_environment(wanted.name)
    image = wanted.image or (DEFAULT_IMAGE if wanted.conda else SCORING_IMAGE)
    return Environment(image=image, conda_file=str(wanted.conda) if wanted.conda else None)


def _request_settings(spec: DeploymentSpec) -> Any:
    from azure.ai.ml.entities import OnlineRequestSettings

    asked = spec.requests
    if asked == type(asked)():
        return None
    return OnlineRequestSettings(
        max_concurrent_requests_per_instance=asked.concurrent,
        request_timeout_ms=None if asked.timeout is None else int(asked.timeout * 1000),
        max_queue_wait_ms=None if asked.queue_wait is None else int(asked.queue_wait * 1000),
    )


def _probe(probe: Probe) -> Any:
    from azure.ai.ml.entities import ProbeSettings

    return None if probe == Probe() else ProbeSettings(**probe.model_dump())


def _collector(wanted: bool) -> Any:
    from azure.ai.ml.entities import DataCollector, DeploymentCollection

    if not wanted:
        return None
    names = ("model_inputs", "model_outputs")  # as azureml-ai-monitoring calls them
    return DataCollector(collections={name: DeploymentCollection(enabled="true") for name in names})


def _requirements(resources: Resources) -> Any:
    from azure.ai.ml.entities import ResourceRequirementsSettings, ResourceSettings

    def settings(cpu: float | None, memory: int | None, gpu: int | None) -> Any:
        if cpu is None and memory is None and gpu is None:
            return None
        return ResourceSettings(
            cpu=None if cpu is None else f"{cpu:g}",
            memory=None if memory is None else str(memory),
            gpu=None if gpu is None else str(gpu),
        )

    requests = settings(resources.cpu, resources.memory, resources.gpu)
    limits = settings(resources.cpu_limit, resources.memory_limit, resources.gpu)
    # Also where nothing is asked for: a deployment without them cannot be read by the SDK.
    return ResourceRequirementsSettings(requests=requests, limits=limits)


def _scale(resources: Resources) -> Any:
    from azure.ai.ml.entities import TargetUtilizationScaleSettings

    wanted = resources.autoscale
    if wanted is None:
        return None
    return TargetUtilizationScaleSettings(
        min_instances=wanted.minimum,
        max_instances=wanted.maximum,
        polling_interval=int(wanted.refresh) or 1,
        target_utilization_percentage=wanted.target_utilization,
    )
