"""All state of one sandbox's Azure: a tenant with a subscription, and what the services keep in it."""

from __future__ import annotations

from pathlib import Path

from sandbox.azure.arm.state import open_subscription
from sandbox.azure.artifacts.state import Artifacts
from sandbox.azure.assets.state import Assets
from sandbox.azure.computes.aks import AksClusters
from sandbox.azure.computes.state import Computes
from sandbox.azure.credentials.state import Credentials
from sandbox.azure.datasets.state import Datasets
from sandbox.azure.datastores.state import Datastores
from sandbox.azure.entra.state import Directory
from sandbox.azure.environments.state import Environments
from sandbox.azure.execution.state import Execution
from sandbox.azure.history.state import Runs
from sandbox.azure.jobs.state import Jobs
from sandbox.azure.metrics.state import Metrics
from sandbox.azure.mlflow.state import Tracking
from sandbox.azure.modelmanagement.state import Models
from sandbox.azure.onlineendpoints.state import OnlineEndpoints
from sandbox.azure.operations import Operations
from sandbox.azure.resources import Resources
from sandbox.azure.roles import Roles
from sandbox.azure.services.state import Services
from sandbox.azure.serving.state import Serving
from sandbox.azure.snapshots.state import Snapshots
from sandbox.azure.storage.state import Storage
from sandbox.azure.tokens import AccessTokens
from sandbox.azure.workspaces.state import Workspaces
from sandbox.clock import Clock
from sandbox.store import Store


class Cloud:
    """What is `world.azure`. location: the one region that there is. blobs: a folder to keep them in."""

    location = "westeurope"

    def __init__(self, store: Store, clock: Clock, blobs: Path | None = None) -> None:
        self.subscription = open_subscription(store)
        self.tenant = self.subscription.tenant
        self.tokens = AccessTokens(store, clock)
        self.directory = Directory(store, clock, self.tenant)
        self.roles = Roles(store)
        self.resources = Resources(store, clock)
        self.operations = Operations(store, clock)
        self.storage = Storage(store, self.resources, blobs)
        self.workspaces = Workspaces(self.resources, self.storage, self.subscription, self.location)
        self.computes = Computes(self.resources, clock, self.location)
        self.kubernetes = AksClusters(store, self.resources, self.location)
        self.datastores = Datastores(self.resources)
        self.credentials = Credentials(store, clock)
        self.assets = Assets(store, self.resources)
        self.datasets = Datasets(store, clock, self.assets, self.datastores, self.storage)
        self.environments = Environments(store, self.resources, self.assets, self.datastores, self.storage)
        self.snapshots = Snapshots(self.assets, self.storage)
        self.runs = Runs(store, clock)
        self.jobs = Jobs(self.resources, self.runs)
        self.artifacts = Artifacts(self.storage)
        self.models = Models(self, store, clock)
        self.tracking = Tracking(store)
        self.metrics = Metrics(store, self.tracking)
        self.execution = Execution(self, clock)
        self.serving = Serving(self.execution.images)
        self.onlineendpoints = OnlineEndpoints(self, store)
        self.services = Services(self, store, clock)
        self.execution.recover()
        self.onlineendpoints.recover()
        self.services.recover()

    def close(self) -> None:
        self.serving.close()
        self.services.close()
        self.execution.close()
        self.operations.close()
        self.storage.close()
