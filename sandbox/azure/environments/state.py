"""Definitions of environments, each beside the version of the asset that it is."""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from sandbox.azure.assets.state import ENVIRONMENT, Assets, checked_environment
from sandbox.azure.datastores.state import DEFAULT, Datastores
from sandbox.azure.environments import errors
from sandbox.azure.environments.models import BuildContext, Definition, DockerSection, Platform, PythonSection
from sandbox.azure.resources import Resource, Resources
from sandbox.azure.storage.state import Storage
from sandbox.store import Store


class Environments:
    """Of all workspaces; one made by the SDK v2 has a definition too, made of what its version says."""

    def __init__(
        self, store: Store, resources: Resources, assets: Assets, datastores: Datastores, storage: Storage
    ) -> None:
        self._store = store
        self._resources = resources
        self._assets = assets
        self._datastores = datastores
        self._storage = storage

    def register(
        self, workspace: Resource, name: str, version: str | None, definition: Definition, by: str
    ) -> Resource:
        """A version of the asset. Without a version: the latest where it is the same, one more otherwise."""
        told = definition.model_copy(update={"name": None, "version": None, "asset_id": None})
        properties = self.properties(workspace, told)
        with self._store.changing():
            if version is None:
                latest = self.find(workspace, name)
                if latest and self.definition(latest) == told:
                    return latest
                container = self._assets.container(workspace, ENVIRONMENT, name)
                version = str(container.properties["nextVersion"]) if container else "1"
            known = self._assets.version(workspace, ENVIRONMENT, name, version)
            if known:
                if self.definition(known) != told:
                    raise errors.changed(name, version)
                return known
            made = self._assets.put(workspace, ENVIRONMENT, name, version, properties, by)
            self._resources.put(_beside(made), told.json_form(), by=by)
            return made

    def find(self, workspace: Resource, name: str, version: str | None = None) -> Resource | None:
        """A version, the latest where none is named."""
        if version is None:
            container = self._assets.container(workspace, ENVIRONMENT, name)
            version = container.properties.get("latestVersion") if container else None
        return self._assets.version(workspace, ENVIRONMENT, name, version) if version else None

    def definition(self, environment: Resource) -> Definition:
        """Without name and version."""
        kept = self._resources.get(_beside(environment))
        if kept:
            return Definition.model_validate(kept.properties)
        told = environment.properties
        build = told.get("build")
        context = BuildContext(location=build["contextUri"], dockerfile_path=build["dockerfilePath"]) if build else None
        conda = yaml.safe_load(told["condaFile"]) if "condaFile" in told else None
        return Definition(
            python=PythonSection(user_managed_dependencies=conda is None, conda_dependencies=conda),
            docker=DockerSection(
                base_image=told.get("image"), build_context=context, platform=Platform(os=told["osType"])
            ),
        )

    def properties(self, workspace: Resource, definition: Definition) -> dict[str, Any]:
        """Of the asset that a definition is: what the SDK v2 sees of it, and what jobs' environments are made of."""
        docker, python = definition.docker, definition.python
        told: dict[str, Any] = {
            "tags": {},
            "properties": {},
            "isArchived": False,
            "isAnonymous": False,
            "osType": docker.platform.os,
        }
        if docker.build_context:
            context = docker.build_context
            told["build"] = {"contextUri": context.location, "dockerfilePath": context.dockerfile_path}
        elif docker.base_dockerfile:
            told["build"] = {
                "contextUri": self._uploaded(workspace, docker.base_dockerfile),
                "dockerfilePath": "Dockerfile",
            }
        elif docker.base_image:
            told["image"] = docker.base_image
        if python.conda_dependencies and not python.user_managed_dependencies:
            told["condaFile"] = yaml.safe_dump(python.conda_dependencies, sort_keys=False)
        return checked_environment(told)

    def _uploaded(self, workspace: Resource, dockerfile: str) -> str:
        """The folder in the workspace's blobs that has a Dockerfile."""
        store = self._datastores.find(workspace, DEFAULT)
        assert store is not None
        folder = f"DockerBuildContext/{hashlib.sha256(dockerfile.encode()).hexdigest()[:32]}"
        account, container = store.properties["accountName"], store.properties["containerName"]
        self._storage.put(account, container, f"{folder}/Dockerfile", dockerfile.encode())
        return f"{self._storage.address(account, container)}/{folder}/"


def _beside(environment: Resource) -> str:
    return f"{environment.id}/definitions/v1"
