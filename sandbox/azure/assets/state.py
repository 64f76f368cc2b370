"""Assets: a container for each name, in it versions that keep what they were made with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from sandbox.azure.assets import errors
from sandbox.azure.resources import Resource, Resources
from sandbox.azure.workspaces.state import TYPE
from sandbox.store import Store

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}")  # of an asset, and of a version
_CHANGEABLE = {"tags", "description", "properties", "stage", "isArchived", "provisioningState"}


@dataclass(frozen=True)
class Kind:
    """segment: in addresses; word: in messages; noun: in those about a missing one.

    provisioned: whether its versions tell how far their making is.
    """

    segment: str
    word: str
    noun: str
    provisioned: bool = True

    @property
    def type(self) -> str:
        return f"{TYPE}/{self.segment}"


CODE = Kind("codes", "code", "Code")
ENVIRONMENT = Kind("environments", "environment", "Environment")
DATA = Kind("data", "data", "Data", provisioned=False)
MODEL = Kind("models", "model", "Model")
COMPONENT = Kind("components", "component", "Component")


class Assets:
    """Of all workspaces. Names are compared without regard to case."""

    def __init__(self, store: Store, resources: Resources) -> None:
        self._store = store
        self._resources = resources

    def container(self, workspace: Resource, kind: Kind, name: str) -> Resource | None:
        return self._resources.get(_container(workspace, kind, name))

    def containers(self, workspace: Resource, kind: Kind) -> list[Resource]:
        return self._resources.all(f"{workspace.id}/{kind.segment}")

    def version(self, workspace: Resource, kind: Kind, name: str, version: str) -> Resource | None:
        return self._resources.get(f"{_container(workspace, kind, name)}/versions/{version}")

    def versions(self, workspace: Resource, kind: Kind, name: str) -> list[Resource]:
        """The oldest first."""
        return self._resources.all(f"{_container(workspace, kind, name)}/versions")

    def put_container(
        self, workspace: Resource, kind: Kind, name: str, properties: dict[str, Any], by: str
    ) -> Resource:
        with self._store.changing():
            known = self.container(workspace, kind, name)
            kept = known.properties if known else {"nextVersion": "1"}
            versions = {key: kept[key] for key in ("latestVersion", "nextVersion", "dataType") if key in kept}
            return self._resources.put(_container(workspace, kind, name), {**properties, **versions}, by=by)

    def put(
        self, workspace: Resource, kind: Kind, name: str, version: str, properties: dict[str, Any], by: str = "sandbox"
    ) -> Resource:
        """A version, with its container where there is none; refused where it would change one that there is."""
        path = f"{_container(workspace, kind, name)}/versions/{version}"
        with self._store.changing():
            known = self._resources.get(path)
            if known:
                for key in sorted({*known.properties, *properties} - _CHANGEABLE):
                    if _comparable(known.properties.get(key)) != _comparable(properties.get(key)):
                        raise errors.exists(kind.word, name, version, key)
            else:
                self._count(workspace, kind, name, version, properties, by)
            made = {"provisioningState": "Succeeded"} if kind.provisioned else {}
            return self._resources.put(path, {**properties, **made}, by=by)

    def delete(self, workspace: Resource, kind: Kind, name: str, version: str) -> None:
        """A version; its container stays, and does not give the same number again."""
        with self._store.changing():
            self._resources.delete(f"{_container(workspace, kind, name)}/versions/{version}")
            left = self.versions(workspace, kind, name)
            container = self.container(workspace, kind, name)
            assert container is not None
            told = {key: text for key, text in container.properties.items() if key != "latestVersion"}
            if left:
                told["latestVersion"] = left[-1].name
            self._resources.put(container.id, told, container.more)

    def code_with(self, workspace: Resource, digest: str) -> list[Resource]:
        """All code of the workspace with this content, by the hash that the client has made of it."""
        return [
            version
            for code in self.containers(workspace, CODE)
            for version in self.versions(workspace, CODE, code.name)
            if version.properties["properties"].get("hash_sha256") == digest
        ]

    def by_id(self, asset: str) -> Resource | None:
        """asset: an id in ARM, or `azureml:` before it."""
        return self._resources.get(asset.removeprefix("azureml:"))

    def by_asset_id(self, workspace: Resource, asset: str) -> Resource | None:
        """asset: the data plane's id, `azureml://locations/…/workspaces/…/data/…/versions/…`."""
        _, found, path = asset.partition(f"/workspaces/{workspace.properties['workspaceId']}/")
        return self._resources.get(f"{workspace.id}/{path}") if found else self.by_id(asset)

    def _count(
        self, workspace: Resource, kind: Kind, name: str, version: str, properties: dict[str, Any], by: str
    ) -> None:
        """Tell the container of a new version."""
        known = self.container(workspace, kind, name)
        numbers = [each.name for each in self.versions(workspace, kind, name)] + [version]
        highest = max((int(each) for each in numbers if each.isdecimal()), default=0)
        kept = known.properties if known else {"tags": {}, "properties": {}, "isArchived": False}
        told = {**kept, "latestVersion": version, "nextVersion": str(highest + 1)}
        if "dataType" in properties:
            told["dataType"] = properties["dataType"]
        self._resources.put(_container(workspace, kind, name), told, by=by)


def checked_environment(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of one that can be made, whole; others are refused."""
    if "image" in properties and "build" in properties:
        raise errors.image_and_build()
    if "image" not in properties and "build" not in properties:
        raise errors.no_image()
    if "condaFile" in properties:
        try:
            conda = yaml.safe_load(properties["condaFile"])
        except yaml.YAMLError as error:
            raise errors.bad_conda(" ".join(str(error).split())) from None
        if not isinstance(conda, dict) or not isinstance(conda.get("dependencies"), list):
            raise errors.bad_conda("it has no list of dependencies.")
    return {**properties, "environmentType": "UserCreated"}


def _comparable(value: Any) -> Any:
    """Of a file's address, what comes before its datastore means the same in any case; clients change it."""
    if not isinstance(value, str) or not value.startswith("azureml://"):
        return value
    workspace, datastores, path = value.partition("/datastores/")
    return f"{workspace.lower()}{datastores}{path}"


def _container(workspace: Resource, kind: Kind, name: str) -> str:
    return f"{workspace.id}/{kind.segment}/{name}"
