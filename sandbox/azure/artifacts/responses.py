"""Answers about the files of a run, or of an upload."""

from __future__ import annotations

from typing import Any

from sandbox.azure.artifacts import errors
from sandbox.azure.artifacts.models import ArtifactPaths
from sandbox.azure.artifacts.state import OF_DATASTORES, OF_RUNS, OF_UPLOADS, Folder, folder_of
from sandbox.azure.datastores.state import ARTIFACTS
from sandbox.azure.history.responses import run_of
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer


def list_artifacts(call: Call) -> Answer:
    """All of a folder, or those at a path: the file of that name, or what is below it."""
    folder = _folder(call)
    return reply({"value": [_body(folder, path) for path in _below(call, folder, call.values.get("path", ""))]})


def list_content_information(call: Call) -> Answer:
    """As `list_artifacts`, with addresses to read from."""
    folder = _folder(call)
    found = _below(call, folder, call.values.get("path", ""))
    return reply({"value": [_information(folder, path, call.azure.artifacts.to_read(folder, path)) for path in found]})


def get_artifact(call: Call) -> Answer:
    folder = _folder(call)
    return reply(_body(folder, _found(call, folder)))


def get_content_information(call: Call) -> Answer:
    folder = _folder(call)
    path = _found(call, folder)
    return reply(_information(folder, path, call.azure.artifacts.to_read(folder, path)))


def create_artifacts(call: Call) -> Answer:
    """Addresses to write new files to."""
    folder = _folder(call)
    asked: ArtifactPaths = call.json(ArtifactPaths)
    names = [each.path for each in asked.paths]
    for name in names:
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise errors.bad_path(name)
    return reply(
        {
            "artifacts": {name: _body(folder, name) for name in names},
            "artifactContentInformation": {
                name: _information(folder, name, call.azure.artifacts.to_write(folder, name)) for name in names
            },
            "errors": {},
        }
    )


def _folder(call: Call) -> Folder:
    """What the path names: a run, or origin and container."""
    workspace = workspace_of(call)
    if "run" in call.values:
        return folder_of(workspace, run_of(call, workspace))
    origin, container = call.values["origin"], call.values["container"]
    if origin == OF_UPLOADS:
        return Folder(workspace, origin, container)
    if origin == OF_DATASTORES and call.method == "GET":
        datastore = call.azure.datastores.find(workspace, container)
        if datastore:
            return Folder(workspace, origin, container, datastore)
    run = call.azure.runs.find(workspace, container.removeprefix("dcid.")) if origin == OF_RUNS else None
    if run is None:
        raise errors.no_container(origin, container)
    return folder_of(workspace, run)


def _below(call: Call, folder: Folder, path: str) -> list[str]:
    """All of a folder, or the file that is meant, which the SDK v1 ends with a slash where it saves a package."""
    path = path.rstrip("/")
    found = call.azure.artifacts.paths(folder, path)
    return [each for each in found if not path or each == path or each.startswith(f"{path}/")]


def _found(call: Call, folder: Folder) -> str:
    path = call.values.get("path", "") or call.query.get("path", "")
    if path not in call.azure.artifacts.paths(folder, path):
        raise errors.not_found(path, folder.container)
    return path


def _body(folder: Folder, path: str) -> dict[str, Any]:
    return {
        "artifactId": f"{folder.origin}/{folder.container}/{path}",
        "origin": folder.origin,
        "container": folder.container,
        "path": path,
        "dataPath": {
            "dataStoreName": folder.datastore.name if folder.datastore else ARTIFACTS,
            "relativePath": f"{folder.place[2]}{path}",
        },
        "tags": {},
    }


def _information(folder: Folder, path: str, address: str) -> dict[str, Any]:
    return {
        "contentUri": address,
        "origin": folder.origin,
        "container": folder.container,
        "path": path,
        "tags": {},
    }
