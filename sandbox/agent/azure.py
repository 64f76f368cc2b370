"""Azure for the tasks of a run: a service connection to a workspace that is there."""

from __future__ import annotations

import uuid

from sandbox.agent.endpoints import Endpoint
from sandbox.shell import CLUSTER, GROUP, WORKSPACE
from sandbox.world import World

CONNECTION, NODES = "azure", 2
_PRINCIPAL = "sandbox-pipelines"


def connect_azure(world: World) -> Endpoint:
    """A connection by workload identity federation, which nobody has a secret of, with a cluster to use.

    Workspace, cluster and application are made where there are none.
    """
    azure = world.azure
    workspace = azure.workspaces.find(GROUP, WORKSPACE) or azure.workspaces.create(WORKSPACE, GROUP)
    if azure.computes.find(workspace, CLUSTER) is None:
        azure.computes.create(workspace, CLUSTER, NODES)
    principal = next((each for each in azure.directory.applications() if each.name == _PRINCIPAL), None)
    if principal is None:
        principal = azure.directory.register(_PRINCIPAL)
        tokens = world.identity_tokens
        azure.directory.federate(principal, tokens.issuer, tokens.subject(CONNECTION))
        azure.roles.assign(principal.object_id, "Contributor", azure.subscription.path)
    return Endpoint(
        id=str(uuid.uuid5(uuid.UUID(principal.client_id), CONNECTION)),
        name=CONNECTION,
        type="azurerm",
        url="https://management.azure.com/",
        scheme="WorkloadIdentityFederation",
        parameters={"tenantid": azure.tenant, "serviceprincipalid": principal.client_id},
        data={
            "environment": "AzureCloud",
            "scopeLevel": "AzureMLWorkspace",
            "subscriptionId": azure.subscription.id,
            "subscriptionName": azure.subscription.name,
            "resourceGroupName": GROUP,
            "mlWorkspaceName": WORKSPACE,
            "mlWorkspaceLocation": azure.location,
            "activeDirectoryAuthority": "https://login.microsoftonline.com/",
            "activeDirectoryServiceEndpointResourceId": "https://management.core.windows.net/",
        },
    )
