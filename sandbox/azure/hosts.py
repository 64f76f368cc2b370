"""Every host of Azure that is played, and the services behind it."""

from __future__ import annotations

from sandbox.azure import operations
from sandbox.azure.arm import routes as arm
from sandbox.azure.entra import routes as entra
from sandbox.azure.routing import Host
from sandbox.azure.storage import routes as storage
from sandbox.azure.storage.errors import StorageError
from sandbox.azure.workspaces import routes as workspaces

_MANAGEMENT = ("https://management.core.windows.net", "https://management.azure.com")
BLOBS = Host("{account}.blob.core.windows.net", (), error=StorageError)  # forwarded, see storage

HOSTS = [
    *entra.HOSTS,
    Host(
        "management.azure.com",
        [*arm.ROUTES, *operations.ROUTES, *workspaces.ROUTES, *storage.ROUTES],
        audiences=_MANAGEMENT,
    ),
    Host(
        "{region}.api.azureml.ms",
        [*workspaces.DISCOVERY],
        audiences=(*_MANAGEMENT, "https://ml.azure.com"),
    ),
]
