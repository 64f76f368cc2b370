"""Answers about datasets, and about data assets as the SDK v1 asks for them."""

from __future__ import annotations

from typing import Any

from sandbox.azure.assets.state import DATA
from sandbox.azure.datasets import errors
from sandbox.azure.datasets.models import DatasetBody, SavedBody
from sandbox.azure.datasets.state import Dataset, Saved
from sandbox.azure.datastores.state import base_of
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer, format_time

_PAGE = 100
_UNREGISTERED = "unregistered-"
_TYPES = {"uri_folder": "UriFolder", "uri_file": "UriFile", "mltable": "MLTable"}


def register(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: DatasetBody = call.json(DatasetBody)
    if call.azure.datasets.find(workspace, asked.name) and call.query.get("ifexistsok", "").lower() != "true":
        raise errors.exists(asked.name)
    return reply(_body(call, workspace, call.azure.datasets.register(workspace, asked, call.caller_id)))


def list_datasets(call: Call) -> Answer:
    workspace = workspace_of(call)
    found = call.azure.datasets.all(workspace)
    begin, size = call.number("continuationToken", 1) - 1, call.number("pageSize", _PAGE)
    more = str(begin + size + 1) if begin + size < len(found) else None
    bodies = [_body(call, workspace, each) for each in found[begin : begin + size]]
    return reply({"value": bodies, "continuationToken": more})


def get_by_name(call: Call) -> Answer:
    """The latest version, or that which the query names."""
    workspace, name = workspace_of(call), call.values["name"]
    found = call.azure.datasets.find(workspace, name)
    version = call.query.get("versionid") or (found.latest if found else "")
    if found is None or version not in found.versions:
        raise errors.not_found(f"{name}:{version}" if version else name)
    return reply(_body(call, workspace, found, version))


def list_by_saved(call: Call) -> Answer:
    """The one version that something saved is registered as; none where it is not."""
    workspace, name = workspace_of(call), call.values["saved"]
    found = [
        _body(call, workspace, dataset, version)
        for dataset in call.azure.datasets.all(workspace)
        for version, saved in dataset.versions.items()
        if saved == name
    ]
    return reply({"value": found, "continuationToken": None})


def update(call: Call) -> Answer:
    """Description and tags; what it is made of is another version."""
    workspace = workspace_of(call)
    asked: DatasetBody = call.json(DatasetBody)
    found = next((each for each in call.azure.datasets.all(workspace) if each.id == call.values["dataset"]), None)
    if found is None:
        raise errors.not_found(call.values["dataset"])
    call.azure.datasets.describe(workspace, found, asked.description, asked.tags, call.caller_id)
    return reply(_body(call, workspace, found))


def unregister(call: Call) -> Answer:
    workspace = workspace_of(call)
    found = call.azure.datasets.find(workspace, call.values["dataset"])
    if found is None:
        raise errors.not_found(call.values["dataset"])
    call.azure.datasets.unregister(workspace, found)
    return reply()


def save(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: SavedBody = call.json(SavedBody)
    return reply(_saved(call.azure.datasets.save(workspace, asked.dataset_type, asked.dataflow_json, asked.properties)))


def get_saved(call: Call) -> Answer:
    found = call.azure.datasets.saved(workspace_of(call), call.values["saved"])
    if found is None:
        raise errors.not_found(call.values["saved"])
    return reply(_saved(found))


def get_data(call: Call) -> Answer:
    """A data asset's version, the latest where that is `None`; or how something saved is read."""
    workspace, name, version = workspace_of(call), call.values["name"], call.values["version"]
    if name.startswith(_UNREGISTERED):
        saved = call.azure.datasets.saved(workspace, name.removeprefix(_UNREGISTERED))
        if saved is None:
            raise errors.data_not_found(name, version)
        return reply({"legacyDataflow": saved.recipe})
    if version == "None":
        container = call.azure.assets.container(workspace, DATA, name)
        version = container.properties.get("latestVersion", version) if container else version
    found = call.azure.assets.version(workspace, DATA, name, version)
    if found is None:
        raise errors.data_not_found(name, version)
    return reply({"dataVersion": _data(call, workspace, name, found)})


def _data(call: Call, workspace: Resource, name: str, asset: Resource) -> dict[str, Any]:
    told = asset.properties
    scope = f"azureml://locations/{call.azure.location}/workspaces/{workspace.properties['workspaceId']}"
    return {
        "assetId": f"{scope}/data/{name}/versions/{asset.name}",
        "dataContainerName": name,
        "dataType": _TYPES[told["dataType"]],
        "dataUri": told["dataUri"].replace("azureml://datastores/", f"{base_of(workspace)}/datastores/", 1),
        "versionId": asset.name,
        "mutableProps": {
            "description": told.get("description"),
            "tags": told["tags"],
            "isArchived": told["isArchived"],
        },
        "properties": told["properties"],
    }


def _body(call: Call, workspace: Resource, dataset: Dataset, version: str = "") -> dict[str, Any]:
    version = version or dataset.latest
    saved = call.azure.datasets.saved(workspace, dataset.versions[version])
    asset = call.azure.datasets.asset(workspace, dataset, version)
    assert saved is not None
    modified = format_time(asset.modified)
    return {
        "datasetId": dataset.id,
        "datasetState": {"state": "active"},
        "latest": {
            "datasetId": dataset.id,
            "versionId": version,
            "datasetDefinitionState": {"state": "active"},
            "dataflow": saved.dataflow,
            "properties": saved.properties,
            "savedDatasetId": saved.id,
            "createdTime": format_time(asset.created),
            "modifiedTime": modified,
        },
        "createdTime": format_time(dataset.created),
        "modifiedTime": modified,
        "name": dataset.name,
        "description": asset.properties.get("description"),
        "tags": asset.properties["tags"],
        "isVisible": True,
        "datasetType": dataset.kind,
    }


def _saved(saved: Saved) -> dict[str, Any]:
    return {
        "id": saved.id,
        "datasetType": saved.kind,
        "properties": saved.properties,
        "dataflowJson": saved.dataflow,
    }
