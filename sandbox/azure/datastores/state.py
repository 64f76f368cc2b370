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
        known = self._resources.get(path)
        if secrets:
            self._resources.put(f"{path}/secrets/credentials", secrets)
        else:
            self._resources.delete(f"{path}/secrets/credentials")
        is_default = bool(known and known.properties["isDefault"])
        return self._resources.put(path, {**properties, "isDefault": is_default}, by=by)

    def default(self, workspace: Resource) -> Resource:
        return next(each for each in self.all(workspace) if each.properties["isDefault"])

    def set_default(self, workspace: Resource, datastore: Resource) -> None:
        for each in self.all(workspace):
            is_default = each.id == datastore.id
            if each.properties["isDefault"] != is_default:
                self._resources.put(each.id, {**each.properties, "isDefault": is_default}, each.more)

    def secrets(self, datastore: Resource) -> dict[str, Any]:
        """Of one that a client has added; empty where it has none."""
        found = self._resources.get(f"{datastore.id}/secrets/credentials")
        return found.properties if found else {}

    def delete(self, datastore: Resource) -> None:
        """The workspace's own is the default again where it was this one."""
        if datastore.properties["isDefault"]:
            path = f"{datastore.id.rpartition('/')[0]}/{DEFAULT}"
            own = self._resources.get(path)
            assert own is not None
            self._resources.put(path, {**own.properties, "isDefault": True}, own.more)
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


def base_of(workspace: Resource) -> str:
    """What the addresses of files in a workspace's datastores begin with, in their long form."""
    return "azureml:/" + workspace.id.replace("/providers/Microsoft.MachineLearningServices", "")
