"""What a service is to be, as the SDK v1 is told it; and what it cannot be told."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from amltasks.errors import UserError
from amltasks.platforms.azureml.environment import DEFAULT_IMAGE, JobEnvironment, with_requirements
from amltasks.platforms.azureml.snapshot import files_below
from amltasks.platforms.azureml.v1.environments import environment_of
from amltasks.platforms.endpoints import Auth, DeploymentSpec, EndpointSpec, ScoringEnvironment
from amltasks.quoting import listed, quoted

if TYPE_CHECKING:
    from azureml.core import Environment, Workspace
    from azureml.core.model import InferenceConfig
    from azureml.core.webservice import AciWebservice

_GB = 10**9  # as memoryInGB is meant
_SERVER = "azureml-inference-server-http"  # which answers requests; azureml-defaults brings it, too
_DEFAULT_CONDA: dict[str, Any] = {
    "name": "scoring",
    "channels": ["conda-forge"],
    "dependencies": ["python=3.11", "pip", {"pip": [_SERVER]}],
}
OVERWRITE = "overwrite"
CREATE = "createCompute"
_COMMON = (OVERWRITE, "properties")
# Of EndpointSpec.settings → the SDK's name.
_ACI = {
    "dnsNameLabel": "dns_name_label",
    "cname": "ssl_cname",
    "sslCertPemFile": "ssl_cert_pem_file",
    "sslKeyPemFile": "ssl_key_pem_file",
    "cmkVaultBaseUrl": "cmk_vault_base_url",
    "cmkKeyName": "cmk_key_name",
    "cmkKeyVersion": "cmk_key_version",
    "vnetName": "vnet_name",
    "subnetName": "subnet_name",
}
CLUSTER = ("agentCount", "vmSize", "clusterPurpose")  # of a new one
_FIXED = {  # of a container instance that is there
    "cpu_cores", "memory_gb", "location", "collect_model_data", "dns_name_label", "cmk_vault_base_url", "cmk_key_name",
    "cmk_key_version", "vnet_name", "subnet_name",
}  # fmt: skip
_KNOWN = {
    "aci": (*_COMMON, *_ACI, "sslEnabled"),
    "aks": (*_COMMON, "namespace", CREATE, *CLUSTER),
}


@contextmanager
def inference_config(spec: DeploymentSpec, workspace: Workspace) -> Iterator[InferenceConfig]:
    """Script, code and environment. The SDK sends the whole folder: what is ignored in the repository is left out.

    Raises UserError, ServiceError.
    """
    from azureml.core.model import InferenceConfig

    with tempfile.TemporaryDirectory(prefix="amltasks-") as place:
        code = Path(place) / "code"
        for file in (spec.code / spec.script, *files_below(spec.code, spec.code)):
            target = code / file.relative_to(spec.code)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        environment = scoring_environment(spec.environment, workspace, spec.variables)
        yield InferenceConfig(entry_script=spec.script, source_directory=str(code), environment=environment)


def scoring_environment(
    wanted: ScoringEnvironment, workspace: Workspace, variables: Mapping[str, str] = {}
) -> Environment:
    """A copy of one that the workspace has, or one that is made; with the server that answers requests."""
    if wanted.name:
        environment = environment_of(JobEnvironment(named=wanted.name), workspace)
    elif wanted.image and not wanted.conda:
        environment = environment_of(JobEnvironment(image=wanted.image), workspace)
    else:
        image = wanted.image or DEFAULT_IMAGE
        environment = environment_of(JobEnvironment(image=image, conda=_conda(wanted)), workspace)
    environment.environment_variables = {**(environment.environment_variables or {}), **variables}
    return environment


def _conda(wanted: ScoringEnvironment) -> dict[str, Any]:
    if wanted.conda is None:
        return _DEFAULT_CONDA
    content = yaml.safe_load(wanted.conda.read_text("utf-8-sig"))
    if not isinstance(content, dict) or not isinstance(content.get("dependencies"), list):
        raise UserError(f"condaFile: {quoted(wanted.conda.name)} is no conda file: it has no list of `dependencies`.")
    has_server = "azureml-defaults" in wanted.conda.read_text("utf-8-sig")
    return content if has_server else with_requirements(content, [_SERVER])


def aci_arguments(endpoint: EndpointSpec, spec: DeploymentSpec) -> dict[str, Any]:
    """Of AciWebservice.deploy_configuration."""
    given = {_ACI[name]: text for name, text in endpoint.settings.items() if name in _ACI and text}
    return {
        **given,
        **_of_both(endpoint, spec),
        "cpu_cores": spec.resources.cpu,
        "memory_gb": _gigabytes(spec.resources.memory),
        "location": endpoint.location or None,
        "auth_enabled": endpoint.auth is Auth.KEY,
        "ssl_enabled": _yes(endpoint.settings, "sslEnabled") or None,
        "enable_app_insights": spec.app_insights,
        "collect_model_data": spec.collect_data or None,
    }


def aci_changes(endpoint: EndpointSpec, spec: DeploymentSpec) -> dict[str, Any]:
    """Of AciWebservice.update, which changes neither cores nor memory nor place."""
    return {name: value for name, value in aci_arguments(endpoint, spec).items() if name not in _FIXED}


def aks_arguments(endpoint: EndpointSpec, spec: DeploymentSpec) -> dict[str, Any]:
    """Of AksWebservice.deploy_configuration, and of an endpoint's with its first version."""
    return {
        **aks_changes(endpoint, spec),
        "compute_target_name": endpoint.compute,
        "namespace": endpoint.settings.get("namespace") or None,
    }


def aks_changes(endpoint: EndpointSpec, spec: DeploymentSpec) -> dict[str, Any]:
    """Of AksWebservice.update."""
    return {
        **version_arguments(endpoint, spec),
        **_of_both(endpoint, spec),
        "auth_enabled": endpoint.auth is Auth.KEY,
        "token_auth_enabled": endpoint.auth is Auth.TOKEN,
        "enable_app_insights": spec.app_insights,
    }


def version_arguments(endpoint: EndpointSpec, spec: DeploymentSpec) -> dict[str, Any]:
    """Of AksEndpoint.create_version and update_version."""
    resources, requests, probe = spec.resources, spec.requests, spec.liveness
    given = {
        **_scale(spec),
        "cpu_cores": resources.cpu,
        "cpu_cores_limit": resources.cpu_limit,
        "memory_gb": _gigabytes(resources.memory),
        "memory_gb_limit": _gigabytes(resources.memory_limit),
        "gpu_cores": resources.gpu,
        "collect_model_data": spec.collect_data,
        "scoring_timeout_ms": _milliseconds(requests.timeout),
        "replica_max_concurrent_requests": requests.concurrent,
        "max_request_wait_time": _milliseconds(requests.queue_wait),
        "period_seconds": probe.period,
        "initial_delay_seconds": probe.initial_delay,
        "timeout_seconds": probe.timeout,
        "success_threshold": probe.success_threshold,
        "failure_threshold": probe.failure_threshold,
        "tags": dict(spec.tags),
        "description": spec.description or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def unknown(kind: str, endpoint: EndpointSpec, spec: DeploymentSpec) -> Iterator[str]:
    """A warning for each setting that the kind of service does not know. Raises UserError for a way to sign in."""
    ways = {"aci": (Auth.KEY, Auth.NONE), "aks": (Auth.KEY, Auth.TOKEN, Auth.NONE)}[kind]
    if endpoint.auth not in ways:
        known = listed(way.value for way in ways)
        raise UserError(f"auth: {quoted(endpoint.auth.value)} is nothing that {kind.upper()} has: there are {known}.")
    resources, name = spec.resources, kind.upper()
    nowhere = {
        "instanceType": resources.instance_type,
        "readinessProbe": spec.readiness.model_dump(exclude_none=True),
    }
    not_aci = {
        "cpuLimit": resources.cpu_limit,
        "memoryLimit": resources.memory_limit,
        "gpu": resources.gpu,
        "replicas": resources.replicas,
        "autoscale": resources.autoscale,
        "requestTimeout": spec.requests.timeout,
        "concurrentRequests": spec.requests.concurrent,
        "queueTimeout": spec.requests.queue_wait,
        "livenessProbe": spec.liveness.model_dump(exclude_none=True),
        "compute": endpoint.compute,
    }
    not_aks = {"location": endpoint.location and not _yes(endpoint.settings, CREATE)}
    for given, value in {**nowhere, **(not_aci if kind == "aci" else not_aks)}.items():
        if value:
            yield f"{given}: a service of {name} has no such setting: it is left out."
    for setting in endpoint.settings:
        if setting not in _KNOWN[kind]:
            yield f"{setting}: a service of {name} by the SDK v1 has no such setting: it is left out."


def kept(service: AciWebservice, endpoint: EndpointSpec, spec: DeploymentSpec) -> Iterator[str]:
    """What of a container instance that is there cannot be changed in place, a sentence each."""
    has = service.container_resource_requirements
    asked = {
        "cpu": (spec.resources.cpu, has.cpu),
        "memory": (_gigabytes(spec.resources.memory), has.memory_in_gb),
        "location": (endpoint.location, service.location),
    }
    for name, (wanted, there) in asked.items():
        if wanted and wanted != there:
            yield f"{name}: {service.name} keeps {there}: a container instance gets another one by `overwrite` alone."


def is_set(endpoint: EndpointSpec, name: str) -> bool:
    return _yes(endpoint.settings, name)


def _of_both(endpoint: EndpointSpec, spec: DeploymentSpec) -> dict[str, Any]:
    """What a service with one deployment has of both."""
    given = {
        "tags": {**endpoint.tags, **spec.tags},
        "description": spec.description or endpoint.description or None,
        "properties": json.loads(endpoint.settings.get("properties") or "null"),
    }
    return {name: value for name, value in given.items() if value is not None}


def _scale(spec: DeploymentSpec) -> dict[str, Any]:
    scale = spec.resources.autoscale
    if scale is None:
        replicas = spec.resources.replicas
        return {} if replicas is None else {"autoscale_enabled": False, "num_replicas": replicas}
    return {
        "autoscale_enabled": True,
        "autoscale_min_replicas": scale.minimum,
        "autoscale_max_replicas": scale.maximum,
        "autoscale_refresh_seconds": max(1, round(scale.refresh)),
        "autoscale_target_utilization": scale.target_utilization,
    }


def _yes(settings: Mapping[str, str], name: str) -> bool:
    return settings.get(name, "").strip().lower() == "true"


def _gigabytes(size: int | None) -> float | None:
    return None if size is None else size / _GB


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
