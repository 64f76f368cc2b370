"""Models and the assets of their files, of all workspaces."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.azure.artifacts.state import prefix_of
from sandbox.azure.assets.models import ModelVersion
from sandbox.azure.assets.state import MODEL
from sandbox.azure.datastores.state import ARTIFACTS, base_of
from sandbox.azure.execution.places import UnknownPlaceError, place_of
from sandbox.azure.modelmanagement import errors
from sandbox.azure.modelmanagement.models import ArtifactReference, AssetBody, ModelBody, Registration
from sandbox.azure.resources import Resource
from sandbox.clock import Clock
from sandbox.store import Document, Store, Table

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

_URL = "aml://asset/"


class Asset(Document):
    id: str
    body: AssetBody
    created: datetime


class Models:
    """A model's name, version, tags, properties and description are its asset's, which the SDK v2 knows as well.

    What the SDK v1 tells beside that is kept next to it; of a model of the SDK v2 it is made of where its files are.
    """

    def __init__(self, cloud: Cloud, store: Store, clock: Clock) -> None:
        self._cloud = cloud
        self._store = store
        self._clock = clock
        self._assets = Table(store, "azure-model-asset", Asset)
        self._registrations = Table(store, "azure-model-registration", Registration)

    def add_asset(self, workspace: Resource, body: AssetBody) -> Asset:
        if len(body.artifacts) != 1 or (body.artifacts[0].prefix or body.artifacts[0].id or "").count("/") < 2:
            raise errors.no_files()
        asset = Asset(id=uuid.uuid4().hex, body=body, created=self._clock.now())
        self._assets.put(workspace.id.lower(), asset.id, asset)
        return asset

    def asset(self, workspace: Resource, name: str) -> Asset | None:
        """By its id; that of a model of the SDK v2 is the model's own."""
        found = self._assets.get(workspace.id.lower(), name)
        model = None if found else self.find(workspace, name)
        if model is None:
            return found
        prefix = self._prefix(workspace, model)
        files = (ArtifactReference(prefix=prefix),) if prefix else ()
        return Asset(id=name, body=AssetBody(name=name.partition(":")[0], artifacts=files), created=model.created)

    def register(self, workspace: Resource, body: ModelBody, by: str) -> Resource:
        """The next version of a model."""
        asset = self._assets.get(workspace.id.lower(), body.url.removeprefix(_URL))
        if asset is None or not body.url.startswith(_URL):
            raise errors.bad_url(body.url)
        artifact = asset.body.artifacts[0]
        told = ModelVersion(
            model_uri=f"{base_of(workspace)}/datastores/{ARTIFACTS}/paths/{artifact.prefix or artifact.id}",
            job_name=body.run_id,
            description=body.description,
            tags=body.kv_tags,
            properties=body.properties,
        )
        with self._store.changing():
            container = self._cloud.assets.container(workspace, MODEL, body.name)
            version = str(container.properties["nextVersion"]) if container else "1"
            made = self._cloud.assets.put(workspace, MODEL, body.name, version, told.json_form(), by)
            self._keep(made, Registration.model_validate(body.model_dump(include=set(Registration.model_fields))))
            return made

    def find(self, workspace: Resource, name: str) -> Resource | None:
        """name: of a model and its version, `model:3`."""
        name, _, version = name.rpartition(":")
        return self._cloud.assets.version(workspace, MODEL, name, version) if version.isdecimal() else None

    def all(self, workspace: Resource) -> list[Resource]:
        """The newest first; not those that are archived, or whose version is no number."""
        found = [
            version
            for model in self._cloud.assets.containers(workspace, MODEL)
            for version in self._cloud.assets.versions(workspace, MODEL, model.name)
            if version.name.isdecimal() and not version.properties.get("isArchived")
        ]
        return sorted(found, key=lambda each: (each.created, int(each.name)), reverse=True)

    def registration(self, workspace: Resource, model: Resource) -> Registration:
        kept = self._registrations.get("", model.id.lower())
        if kept:
            return kept
        job = model.properties.get("jobName")
        run = self._cloud.runs.find(workspace, job) if job else None
        return Registration(url=f"{_URL}{name_of(model)}", run_id=job, experiment_name=run.experiment if run else None)

    def change(
        self, workspace: Resource, model: Resource, told: dict[str, Any], registered: dict[str, Any], by: str
    ) -> Resource:
        """told: tags, properties and description; registered: members of its registration."""
        name = name_of(model).partition(":")[0]
        with self._store.changing():
            if registered:
                kept = self.registration(workspace, model)
                self._keep(model, Registration.model_validate({**kept.json_form(), **registered}))
            return self._cloud.assets.put(workspace, MODEL, name, model.name, {**model.properties, **told}, by)

    def delete(self, workspace: Resource, model: Resource) -> None:
        """Its number is not given again. Its files stay."""
        with self._store.changing():
            self._cloud.assets.delete(workspace, MODEL, name_of(model).partition(":")[0], model.name)
            self._registrations.delete("", model.id.lower())

    def _keep(self, model: Resource, registration: Registration) -> None:
        self._registrations.put("", model.id.lower(), registration)

    def _prefix(self, workspace: Resource, model: Resource) -> str | None:
        """How artifacts call the place of a model's files; None where it is in no datastore."""
        try:
            place = place_of(self._cloud, workspace, model.properties["modelUri"])
        except UnknownPlaceError:
            return None
        return prefix_of(workspace, self._cloud.datastores.all(workspace), place.account, place.container, place.path)


def name_of(model: Resource) -> str:
    """With its version."""
    *_, name, _, version = model.id.split("/")
    return f"{name}:{version}"
