"""What Resource Manager itself refuses."""

from __future__ import annotations

from sandbox.azure.wire import AzureError


def subscription_not_found(subscription: str) -> AzureError:
    return AzureError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def group_not_found(name: str) -> AzureError:
    return AzureError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def resource_not_found(kind: str, name: str, group: str) -> AzureError:
    """kind: like `Microsoft.MachineLearningServices/workspaces`; name: with its parents, like `ws/cpu`."""
    return AzureError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )


def forbidden(client_id: str, object_id: str, action: str, scope: str) -> AzureError:
    return AzureError(
        403,
        "AuthorizationFailed",
        f"The client '{client_id}' with object id '{object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials.",
    )
