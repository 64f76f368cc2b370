"""Where models are registered and served, chosen by name: inputs or a command line in, a place that is open out."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltasks.agent.job import Job
from amltasks.errors import UserError
from amltasks.quoting import quoted
from amltasks.requests import Platform

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from amltasks.platforms.azureml.computes import Computes
    from amltasks.platforms.azureml.connection import Cloud, ServiceConnection, Workspace
    from amltasks.platforms.endpoints import Endpoints
    from amltasks.platforms.registry import Registry


class Kind(str, Enum):
    """What serves: a process here, or a kind of service of Azure ML."""

    LOCAL = "local"
    ACI = "aci"
    AKS = "aks"
    MANAGED = "managed"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class SignedIn:
    """A workspace, and who acts in it."""

    workspace: Workspace
    credential: TokenCredential
    cloud: Cloud


# Made of `(folder)` here, of `(workspace, credential, cloud)` and, for endpoints, the kind on Azure ML.
_REGISTRIES = {
    Platform.AGENT: "amltasks.platforms.local.registry:LocalRegistry",
    Platform.AZUREML: "amltasks.platforms.azureml.v2.registry:RegistryV2",
    Platform.AZUREML_V1: "amltasks.platforms.azureml.v1.registry:RegistryV1",
}
_ENDPOINTS = {
    Kind.LOCAL: "amltasks.platforms.local.serving.endpoints:LocalEndpoints",
    Kind.ACI: "amltasks.platforms.azureml.v1.endpoints:EndpointsV1",
    Kind.AKS: "amltasks.platforms.azureml.v1.endpoints:EndpointsV1",
    Kind.MANAGED: "amltasks.platforms.azureml.v2.endpoints:EndpointsV2",
    Kind.KUBERNETES: "amltasks.platforms.azureml.v2.endpoints:EndpointsV2",
}

_COMPUTES = {
    Platform.AZUREML: "amltasks.platforms.azureml.v2.computes:ComputesV2",
    Platform.AZUREML_V1: "amltasks.platforms.azureml.v1.computes:ComputesV1",
}


def platform_of(text: str, default: Platform = Platform.AGENT) -> Platform:
    """Of the input `platform`; `local` is another name of `agent`. Raises UserError with the names there are."""
    name = text.strip().lower() or default.value
    if name == "local":
        return Platform.AGENT
    try:
        return Platform(name)
    except ValueError:
        known = ", ".join(platform.value for platform in Platform)
        raise UserError(f"platform: {quoted(text)} is none: there are {known}.") from None


def registry(platform: Platform, folder: Path, signed_in: SignedIn | None) -> Registry:
    """Open; to be closed. folder: of the platform agent. signed_in: for the others."""
    made: Registry = (
        _loaded(_REGISTRIES[platform])(folder)
        if signed_in is None
        else _loaded(_REGISTRIES[platform])(signed_in.workspace, signed_in.credential, signed_in.cloud)
    )
    made.open()
    return made


def endpoints(kind: Kind, folder: Path, signed_in: SignedIn | None) -> Endpoints:
    """Open; to be closed. folder: of what is served here. signed_in: for the others."""
    made: Endpoints = (
        _loaded(_ENDPOINTS[kind])(folder)
        if signed_in is None
        else _loaded(_ENDPOINTS[kind])(signed_in.workspace, signed_in.credential, signed_in.cloud, kind.value)
    )
    made.open()
    return made


def computes(platform: Platform, signed_in: SignedIn) -> Computes:
    """Open; to be closed."""
    made: Computes = _loaded(_COMPUTES[platform])(signed_in.workspace, signed_in.credential, signed_in.cloud)
    made.open()
    return made


def sign_in(job: Job) -> SignedIn:
    """By the step's service connection. Raises UserError, naming the input."""
    from amltasks.platforms.azureml.connection import ServiceConnection
    from amltasks.platforms.azureml.credential import credential, federation

    endpoint = job.endpoints.get("azureSubscription")
    if endpoint is None:
        raise UserError("azureSubscription: name the service connection by which Azure ML is reached.")
    connection = ServiceConnection.from_agent(
        endpoint.id, endpoint.url, endpoint.scheme, endpoint.parameters, endpoint.data
    )
    token = job.connection.token if job.connection else ""
    assertion = federation(connection, _oidc_address(job), token).assertion
    return _signed_in(connection, credential(connection, assertion), job.inputs)


def sign_in_on_laptop(given: Mapping[str, Any]) -> SignedIn:
    """As whoever is signed in there. given: the command line's options. Raises UserError without a subscription."""
    from amltasks.platforms.azureml.connection import Scheme, ServiceConnection
    from amltasks.platforms.azureml.credential import credential

    subscription = given["subscription"] or os.environ.get("AZURE_SUBSCRIPTION_ID", "")
    if not subscription:
        raise UserError("--subscription: name the one of the workspace, or set AZURE_SUBSCRIPTION_ID.")
    connection = ServiceConnection(scheme=Scheme.AMBIENT, subscription=subscription)
    inputs = {"resourceGroup": given["resource_group"], "workspace": given["workspace"]}
    return _signed_in(connection, credential(connection), inputs)


def local_folder(job: Job) -> Path:
    """Where the platform agent keeps models and endpoints: `localFolder`, or one that agents of one's own keep."""
    given = job.inputs.get("localFolder", "").strip()
    if given:
        return job.sources_folder / given
    return Path(job.variable("Pipeline.Workspace") or job.temp_folder) / ".amltasks"


def _signed_in(connection: ServiceConnection, credential: TokenCredential, inputs: Mapping[str, str]) -> SignedIn:
    from amltasks.platforms.azureml.connection import chosen_workspace
    from amltasks.platforms.azureml.request import AzureRequest

    wanted = AzureRequest(
        resource_group=inputs.get("resourceGroup", "").strip(), workspace=inputs.get("workspace", "").strip()
    )
    return SignedIn(chosen_workspace(connection, wanted), credential, connection.cloud)


def _loaded(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _oidc_address(job: Job) -> str:
    """Where assertions for service connections are given."""
    known = job.variable("System.OidcRequestUri")
    parts = [job.variable(f"System.{name}") for name in ("TeamProjectId", "HostType", "PlanId", "JobId")]
    project, hub, plan, own = parts
    made = f"{job.collection_url}{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{own}/oidctoken"
    return known or made
