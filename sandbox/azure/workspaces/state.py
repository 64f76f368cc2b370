"""Workspaces, each with a storage account and the containers in it."""

from __future__ import annotations

import uuid

from sandbox.azure.arm.state import Subscription, create_group
from sandbox.azure.resources import Resource, Resources
from sandbox.azure.storage.state import Storage

TYPE = "Microsoft.MachineLearningServices/workspaces"


class Workspaces:
    def __init__(self, resources: Resources, storage: Storage, subscription: Subscription, location: str) -> None:
        self._resources = resources
        self._storage = storage
        self._subscription = subscription
        self._location = location

    def create(self, name: str, group: str = "sandbox", storage: str = "sandboxstorage") -> Resource:
        """A workspace; its group and its account are made where there are none, its containers are.

        storage: the account's name; many workspaces may share one.
        """
        tenant = self._subscription.tenant
        group = create_group(self._resources, self._subscription, group, self._location)
        path = f"{group}/providers/{TYPE}/{name}"
        workspace_id = str(uuid.uuid4())
        account = self._storage.create(storage, group, self._location)
        for container in ("azureml", f"azureml-blobstore-{workspace_id}"):
            self._storage.create_container(storage, container)
        host = f"https://{self._location}.api.azureml.ms"
        properties = {
            "friendlyName": name,
            "description": "",
            "storageAccount": account.path,
            "keyVault": f"{group}/providers/Microsoft.KeyVault/vaults/{name}",
            "applicationInsights": f"{group}/providers/Microsoft.Insights/components/{name}",
            "hbiWorkspace": False,
            "tenantId": tenant,
            "workspaceId": workspace_id,
            "discoveryUrl": f"{host}/discovery",
            "mlFlowTrackingUri": f"azureml://{self._location}.api.azureml.ms/mlflow/v1.0{path}",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
            "allowPublicAccessWhenBehindVnet": False,
            "v1LegacyMode": False,
            "storageHnsEnabled": False,
            "systemDatastoresAuthMode": "accessKey",
        }
        more = {
            "location": self._location,
            "tags": {},
            "kind": "Default",
            "sku": {"name": "Basic", "tier": "Basic"},
            "identity": {
                "type": "SystemAssigned",
                "principalId": str(uuid.uuid4()),
                "tenantId": tenant,
            },
        }
        return self._resources.put(path, properties, more)

    def find(self, group: str, name: str) -> Resource | None:
        return self._resources.get(f"{self._subscription.group(group)}/providers/{TYPE}/{name}")

    def all(self, group: str | None = None) -> list[Resource]:
        """Of one group, or of all."""
        groups = [each.name for each in self._resources.all(f"{self._subscription.path}/resourceGroups")]
        return [
            workspace
            for each in groups
            if group is None or each.lower() == group.lower()
            for workspace in self._resources.all(f"{self._subscription.group(each)}/providers/{TYPE}")
        ]
