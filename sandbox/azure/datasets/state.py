"""Datasets, of all workspaces: what was saved, and which of it is registered as which version of what name."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from sandbox.azure.assets.models import TableVersion
from sandbox.azure.assets.state import DATA, Assets
from sandbox.azure.datasets import errors
from sandbox.azure.datasets.models import DatasetBody
from sandbox.azure.datastores.state import DEFAULT, Datastores, base_of
from sandbox.azure.resources import Resource
from sandbox.azure.storage.state import Storage
from sandbox.clock import Clock
from sandbox.store import Document, Store, Table


class Saved(Document):
    """kind: file or tabular. dataflow: as the SDK has written it; recipe: the YAML in it that says how data is read."""

    id: str
    kind: str
    dataflow: str
    recipe: str
    properties: dict[str, Any]


class Dataset(Document):
    """versions: the id of what was saved, by the version's number, the oldest first."""

    id: str
    name: str
    kind: str
    versions: dict[str, str]
    created: datetime

    @property
    def latest(self) -> str:
        return list(self.versions)[-1]


class Datasets:
    """Tags and description are those of the data asset of the latest version.

    The SDK v2 finds an MLTable in each, in a folder of its own among the workspace's blobs.
    """

    def __init__(self, store: Store, clock: Clock, assets: Assets, datastores: Datastores, storage: Storage) -> None:
        self._store = store
        self._clock = clock
        self._assets = assets
        self._datastores = datastores
        self._storage = storage
        self._saved = Table(store, "azure-saved-dataset", Saved)
        self._datasets = Table(store, "azure-dataset", Dataset)

    def save(self, workspace: Resource, kind: str, dataflow: str, properties: dict[str, Any]) -> Saved:
        recipe = _recipe(dataflow)
        saved = Saved(id=str(uuid.uuid4()), kind=kind, dataflow=dataflow, recipe=recipe, properties=properties)
        self._saved.put(workspace.id.lower(), saved.id, saved)
        return saved

    def saved(self, workspace: Resource, name: str) -> Saved | None:
        return self._saved.get(workspace.id.lower(), name)

    def find(self, workspace: Resource, name: str) -> Dataset | None:
        return self._datasets.get(workspace.id.lower(), name.lower())

    def all(self, workspace: Resource) -> list[Dataset]:
        return self._datasets.all(workspace.id.lower())

    def asset(self, workspace: Resource, dataset: Dataset, version: str) -> Resource:
        found = self._assets.version(workspace, DATA, dataset.name, version)
        assert found is not None
        return found

    def register(self, workspace: Resource, body: DatasetBody, by: str) -> Dataset:
        """One more version, where it is another than the latest."""
        known, asked = self.find(workspace, body.name), body.latest
        if known and self._same(workspace, known, body):
            return known
        if asked.saved_dataset_id:
            saved = self.saved(workspace, asked.saved_dataset_id)
            if saved is None:
                raise errors.not_found(asked.saved_dataset_id)
            self._check_free(workspace, saved)
        else:
            saved = self.save(workspace, body.dataset_type, asked.dataflow, asked.properties)
        told = TableVersion(
            data_type="mltable",
            data_uri=self._table_of(workspace, saved),
            description=body.description,
            tags=body.tags,
        )
        with self._store.changing():
            container = self._assets.container(workspace, DATA, body.name)
            version = str(container.properties["nextVersion"]) if container else "1"
            self._assets.put(workspace, DATA, body.name, version, told.json_form(), by)
            made = Dataset(
                id=known.id if known else str(uuid.uuid4()),
                name=known.name if known else body.name,
                kind=body.dataset_type,
                versions={**(known.versions if known else {}), version: saved.id},
                created=known.created if known else self._clock.now(),
            )
            self._datasets.put(workspace.id.lower(), made.name.lower(), made)
            return made

    def describe(
        self, workspace: Resource, dataset: Dataset, description: str | None, tags: dict[str, str], by: str
    ) -> None:
        """Of the latest version."""
        asset = self.asset(workspace, dataset, dataset.latest)
        told = {**asset.properties, "description": description, "tags": tags}
        self._assets.put(workspace, DATA, dataset.name, dataset.latest, told, by)

    def unregister(self, workspace: Resource, dataset: Dataset) -> None:
        """All versions. What was saved stays, and so does the data."""
        with self._store.changing():
            for version in dataset.versions:
                self._assets.delete(workspace, DATA, dataset.name, version)
            self._datasets.delete(workspace.id.lower(), dataset.name.lower())

    def _same(self, workspace: Resource, known: Dataset, body: DatasetBody) -> bool:
        saved = self.saved(workspace, known.versions[known.latest])
        asked = body.dataset_type, body.latest.dataflow, body.latest.properties
        return saved is not None and (saved.kind, saved.dataflow, saved.properties) == asked

    def _check_free(self, workspace: Resource, saved: Saved) -> None:
        """What was saved is registered once."""
        for dataset in self.all(workspace):
            for version, name in dataset.versions.items():
                if name == saved.id:
                    raise errors.registered(saved.id, dataset.name, version)

    def _table_of(self, workspace: Resource, saved: Saved) -> str:
        """The address of a folder with the MLTable that reads the data."""
        store = self._datastores.find(workspace, DEFAULT)
        assert store is not None
        folder = f"managed-dataset/{saved.id}"
        account, container = store.properties["accountName"], store.properties["containerName"]
        self._storage.put(account, container, f"{folder}/MLTable", saved.recipe.encode())
        return f"{base_of(workspace)}/datastores/{DEFAULT}/paths/{folder}/"


def _recipe(dataflow: str) -> str:
    try:
        found = json.loads(dataflow)["meta"]["RsDataflow"]
    except (ValueError, KeyError, TypeError):
        raise errors.bad_dataflow() from None
    if not isinstance(found, str):
        raise errors.bad_dataflow()
    return found
