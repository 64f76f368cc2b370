"""What a person's own shell needs to work with a world's Azure: where it is, and who they are there."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from sandbox.azure.entra.state import Application
from sandbox.proxy import proxy_environment
from sandbox.world import World

GROUP, WORKSPACE, CLUSTER, PRINCIPAL = "sandbox", "demo", "cpu-cluster", "sandbox-shell"
_ROLES = ("Contributor", "Storage Blob Data Contributor")


def shell_environment(world: World, folder: Path) -> dict[str, str]:
    """Variables for azure-identity, azure-ai-ml and their like. folder: see proxy_environment.

    The workspace, with a cluster of two nodes, and the service principal that they name are made where there are none.
    """
    azure = world.azure
    if azure.workspaces.find(GROUP, WORKSPACE) is None:
        azure.computes.create(azure.workspaces.create(WORKSPACE, GROUP), CLUSTER)
    principal = _principal(world)
    return {
        **proxy_environment(world, folder),
        "AZURE_TENANT_ID": azure.tenant,
        "AZURE_CLIENT_ID": principal.client_id,
        "AZURE_CLIENT_SECRET": principal.secrets[0].value,
        "AZURE_SUBSCRIPTION_ID": azure.subscription.id,
        "AZUREML_ARM_SUBSCRIPTION": azure.subscription.id,
        "AZUREML_ARM_RESOURCEGROUP": GROUP,
        "AZUREML_ARM_WORKSPACE_NAME": WORKSPACE,
    }


def as_commands(variables: Mapping[str, str]) -> str:
    """What sets them: for PowerShell on Windows, for any other shell elsewhere."""
    if os.name == "nt":
        quoted = ((name, value.replace("'", "''")) for name, value in variables.items())
        return "".join(f"$env:{name} = '{value}'\n" for name, value in quoted)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _principal(world: World) -> Application:
    """Who the shell's programs sign in as, with a secret."""
    azure = world.azure
    found = next((each for each in azure.directory.applications() if each.name == PRINCIPAL), None)
    if found is None:
        found = azure.directory.register(PRINCIPAL)
        azure.directory.add_secret(found, days=3650)
        for role in _ROLES:
            azure.roles.assign(found.object_id, role, azure.subscription.path)
        found = azure.directory.application(found.client_id, found.tenant)
    assert found is not None  # it was registered a moment ago
    return found
