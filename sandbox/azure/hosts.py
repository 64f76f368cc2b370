"""Every host of Azure that is played, and the services behind it."""

from __future__ import annotations

from sandbox.azure import operations
from sandbox.azure.arm import routes as arm
from sandbox.azure.artifacts import routes as artifacts
from sandbox.azure.assets import routes as assets
from sandbox.azure.clouds import CLOUDS, STORAGE
from sandbox.azure.computes import routes as computes
from sandbox.azure.credentials import routes as credentials
from sandbox.azure.datasets import routes as datasets
from sandbox.azure.datastores import routes as datastores
from sandbox.azure.entra import routes as entra
from sandbox.azure.environments import routes as environments
from sandbox.azure.history import routes as history
from sandbox.azure.imds import routes as imds
from sandbox.azure.jobs import routes as jobs
from sandbox.azure.machine_learning import HistoryError
from sandbox.azure.metrics import routes as metrics
from sandbox.azure.mlflow import routes as mlflow
from sandbox.azure.modelmanagement import routes as modelmanagement
from sandbox.azure.onlineendpoints import routes as onlineendpoints
from sandbox.azure.packages import routes as packages
from sandbox.azure.routing import Host
from sandbox.azure.services import routes as services
from sandbox.azure.snapshots import routes as snapshots
from sandbox.azure.storage import routes as storage
from sandbox.azure.storage.errors import StorageError
from sandbox.azure.submissions import routes as submissions
from sandbox.azure.telemetry import routes as telemetry
from sandbox.azure.workspaces import routes as workspaces

BLOBS = Host("{account}.blob.core.windows.net", (), error=StorageError)  # forwarded, see storage

_MANAGEMENT = [
    *arm.ROUTES,
    *operations.ROUTES,
    *workspaces.ROUTES,
    *storage.ROUTES,
    *computes.ROUTES,
    *datastores.ROUTES,
    *assets.ROUTES,
    *jobs.ROUTES,
    *onlineendpoints.ROUTES,
    *packages.MANAGEMENT,
]

HOSTS = [
    *entra.HOSTS,
    imds.HOST,
    telemetry.HOST,
    *(Host(cloud.management, _MANAGEMENT, audiences=cloud.management_audiences) for cloud in CLOUDS),
    Host(
        "{region}.api.azureml.ms",
        [
            *workspaces.DISCOVERY,
            *history.ROUTES,
            *artifacts.ROUTES,
            *snapshots.ROUTES,
            *submissions.ROUTES,
            *metrics.ROUTES,
            *mlflow.ROUTES,
            *assets.DATA_PLANE,
            *computes.DATA_PLANE,
            *datastores.DATA_PLANE,
            *datasets.ROUTES,
            *credentials.ROUTES,
            *environments.ROUTES,
            *modelmanagement.ROUTES,
            *services.ROUTES,
            *packages.ROUTES,
        ],
        audiences=[name for cloud in CLOUDS for name in cloud.resources if name != STORAGE],
        error=HistoryError,
    ),
]
