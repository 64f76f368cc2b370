"""A service connection of Azure Pipelines: which workspace it leads to, in which cloud, and who it acts as."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from pydantic import Field

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.quoting import quoted

if TYPE_CHECKING:
    from amltasks.platforms.azureml.request import AzureRequest


class Scheme(str, Enum):
    """How a connection proves who it is. Of a cloud shell or laptop there is AMBIENT: whatever is signed in there."""

    SECRET = "secret"
    CERTIFICATE = "certificate"
    FEDERATED = "federated"
    MANAGED = "managed"
    AMBIENT = "ambient"


class Cloud(Data):
    """name: as the SDK calls it. authority, resource_manager, studio: addresses that end with a slash."""

    name: str = "AzureCloud"
    authority: str = "https://login.microsoftonline.com/"
    resource_manager: str = "https://management.azure.com/"
    studio: str = "https://ml.azure.com/"


_CLOUDS = {
    "azurecloud": Cloud(),
    "azurechinacloud": Cloud(
        name="AzureChinaCloud",
        authority="https://login.chinacloudapi.cn/",
        resource_manager="https://management.chinacloudapi.cn/",
        studio="https://ml.azure.cn/",
    ),
    "azureusgovernment": Cloud(
        name="AzureUSGovernment",
        authority="https://login.microsoftonline.us/",
        resource_manager="https://management.usgovcloudapi.net/",
        studio="https://ml.azure.us/",
    ),
}


class ServiceConnection(Data):
    """id: of the connection. secret: the key, or a certificate with its private key as PEM text, by scheme."""

    id: str = ""
    scheme: Scheme
    cloud: Cloud = Cloud()
    tenant: str = ""
    client_id: str = ""
    secret: str = Field(default="", repr=False)
    subscription: str = ""
    resource_group: str = ""
    workspace: str = ""

    @classmethod
    def from_agent(
        cls, identifier: str, url: str, scheme: str, parameters: Mapping[str, str], data: Mapping[str, str]
    ) -> ServiceConnection:
        """From what the agent hands to a task; names are compared without regard to capitals. Raises UserError."""
        parameters = {name.casefold(): value for name, value in parameters.items()}
        data = {name.casefold(): value for name, value in data.items()}
        kind = _scheme(scheme, parameters)
        is_workspace = data.get("scopelevel", "").casefold() == "azuremlworkspace"
        secret = {Scheme.SECRET: "serviceprincipalkey", Scheme.CERTIFICATE: "serviceprincipalcertificate"}.get(kind, "")
        connection = cls(
            id=identifier,
            scheme=kind,
            cloud=_cloud(url, data),
            tenant=parameters.get("tenantid", ""),
            client_id=parameters.get("serviceprincipalid", "") or data.get("msiclientid", ""),
            secret=parameters.get(secret, ""),
            subscription=data.get("subscriptionid", ""),
            resource_group=data.get("resourcegroupname", "") if is_workspace else "",
            workspace=data.get("mlworkspacename", "") if is_workspace else "",
        )
        missing = [] if connection.subscription else ["subscription"]
        if kind is not Scheme.MANAGED:
            named = (("tenant", connection.tenant), ("application", connection.client_id))
            missing += [what for what, value in named if not value]
        if secret and not connection.secret:
            missing.append("secret")
        if missing:
            raise UserError(f"azureSubscription: the service connection names no {missing[0]}: set it up anew.")
        return connection


class Workspace(Data):
    """Where a workspace is."""

    subscription: str
    resource_group: str
    name: str

    @property
    def path(self) -> str:
        """As ARM and the workspace's own services have it, without a slash at its end."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )


def chosen_workspace(connection: ServiceConnection, request: AzureRequest) -> Workspace:
    """What the step says, else what the connection says. Raises UserError where neither does."""
    group = request.resource_group or connection.resource_group
    # The connection's workspace is in its own resource group, and in no other that the step may name.
    own = connection.workspace if group.casefold() == connection.resource_group.casefold() else ""
    name = request.workspace or own
    for value, what in ((group, "resourceGroup"), (name, "workspace")):
        if not value:
            raise UserError(
                f"{what}: say it in the step, or use a service connection whose scope is a machine learning workspace."
            )
    return Workspace(subscription=connection.subscription, resource_group=group, name=name)


def _scheme(scheme: str, parameters: Mapping[str, str]) -> Scheme:
    kind = scheme.casefold() or "serviceprincipal"
    if kind == "serviceprincipal":
        by_certificate = parameters.get("authenticationtype", "").casefold() == "spncertificate"
        return Scheme.CERTIFICATE if by_certificate else Scheme.SECRET
    known = {"workloadidentityfederation": Scheme.FEDERATED, "managedserviceidentity": Scheme.MANAGED}
    if kind not in known:
        raise UserError(
            f"azureSubscription: a service connection with {quoted(scheme)} cannot sign in to Azure ML: use one with "
            f"a service principal, workload identity federation or a managed identity."
        )
    return known[kind]


def _cloud(url: str, data: Mapping[str, str]) -> Cloud:
    name = data.get("environment", "") or "AzureCloud"
    known = _CLOUDS.get(name.casefold())
    if known is None:
        there = ", ".join(cloud.name for cloud in _CLOUDS.values())
        raise UserError(f"azureSubscription: Azure ML is not known in the cloud {quoted(name)}: there are {there}.")
    authority = data.get("activedirectoryauthority", "") or data.get("environmentauthorityurl", "")
    return known.model_copy(
        update={
            "authority": _with_slash(authority or known.authority),
            "resource_manager": _with_slash(url or known.resource_manager),
        }
    )


def _with_slash(address: str) -> str:
    return f"{address.rstrip('/')}/"
