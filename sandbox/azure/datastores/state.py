"""Datastores: the workspace's own, made with it, and those that clients add."""

from __future__ import annotations

from typing import Any

from sandbox.azure.resources import Resource, Resources

DEFAULT, ARTIFACTS = "workspaceblobstore", "workspaceartifactstore"


class Datastores:
    """Of all workspaces. Secrets are kept apart: no answer but that of listSecrets has them.

    expiring: whether a client that asks for a secret that expires gets one, a SAS, in place of the account's key.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.expiring = False

    def all(self, workspace: Resource) -> list[Resource]:
        self._seed(workspace)
        return self._resources.all(f"{workspace.id}/datastores")

    def find(self, workspace: Resource, name: str) -> Resource | None:
        self._seed(workspace)
        return self._resources.get(f"{workspace.id}/datastores/{name}")

    def put(
        self, workspace: Resource, name: str, properties: dict[str, Any], secrets: dict[str, Any], by: str
    ) -> Resource:
        """properties: as they are sent, the credentials with their type alone."""
        path = f"{workspace.id}/datastores/{name}"
        if secrets:
            self._resources.put(f"{path}/secrets/credentials", secrets)
        else:
            self._resources.delete(f"{path}/secrets/credentials")
        return self._resources.put(path, {**properties, "isDefault": False}, by=by)

    def secrets(self, datastore: Resource) -> dict[str, Any]:
        """Of one that a client has added; empty where it has none."""
        found = self._resources.get(f"{datastore.id}/secrets/credentials")
        return found.properties if found else {}

    def delete(self, datastore: Resource) -> None:
        self._resources.delete(datastore.id)
        self._resources.delete(f"{datastore.id}/secrets/credentials")

    def _seed(self, workspace: Resource) -> None:
        if self._resources.get(f"{workspace.id}/datastores/{DEFAULT}"):
            return
        keyed = workspace.properties["systemDatastoresAuthMode"] == "accessKey"
        for name, container in (
            (DEFAULT, f"azureml-blobstore-{workspace.properties['workspaceId']}"),
            (ARTIFACTS, "azureml"),
        ):
            properties = {
                "datastoreType": "AzureBlob",
                "accountName": account_of(workspace),
                "containerName": container,
                "credentials": {"credentialsType": "AccountKey" if keyed else "None"},
                "endpoint": "core.windows.net",
                "protocol": "https",
                "serviceDataAccessAuthIdentity": "None",
                "description": None,
                "properties": {},
                "tags": {},
                "isDefault": name == DEFAULT,
            }
            self._resources.put(f"{workspace.id}/datastores/{name}", properties)


def account_of(workspace: Resource) -> str:
    """The name of the workspace's storage account."""
    return str(workspace.properties["storageAccount"]).rpartition("/")[2]
