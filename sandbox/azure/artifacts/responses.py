"""Answers about the files of a run."""

from __future__ import annotations

from typing import Any

from sandbox.azure.artifacts import errors
from sandbox.azure.artifacts.models import ArtifactPaths
from sandbox.azure.artifacts.state import ORIGIN
from sandbox.azure.history.responses import run_of
from sandbox.azure.history.state import Run
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer


def list_artifacts(call: Call) -> Answer:
    workspace, run = _place(call)
    return reply({"value": [_body(run, path) for path in call.azure.artifacts.paths(workspace, run)]})


def get_content_information(call: Call) -> Answer:
    workspace, run = _place(call)
    path = call.query.get("path", "")
    if path not in call.azure.artifacts.paths(workspace, run):
        raise errors.not_found(path, run.id)
    return reply(_information(run, path, call.azure.artifacts.to_read(workspace, run, path)))


def create_artifacts(call: Call) -> Answer:
    """Addresses to write new files to."""
    workspace, run = _place(call)
    asked: ArtifactPaths = call.json(ArtifactPaths)
    names = [each.path for each in asked.paths]
    for name in names:
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise errors.bad_path(name)
    return reply(
        {
            "artifacts": {name: _body(run, name) for name in names},
            "artifactContentInformation": {
                name: _information(run, name, call.azure.artifacts.to_write(workspace, run, name)) for name in names
            },
            "errors": {},
        }
    )


def _place(call: Call) -> tuple[Resource, Run]:
    workspace = workspace_of(call)
    run = run_of(call, workspace)
    if call.values["experiment"].lower() not in (run.experiment.lower(), run.experiment_id):
        raise errors.wrong_experiment(call.values["experiment"], run.id)
    return workspace, run


def _body(run: Run, path: str) -> dict[str, Any]:
    container = f"dcid.{run.id}"
    return {
        "artifactId": f"{ORIGIN}/{container}/{path}",
        "origin": ORIGIN,
        "container": container,
        "path": path,
        "dataPath": {"dataStoreName": "workspaceartifactstore", "relativePath": f"{run.folder}/{path}"},
        "tags": {},
    }


def _information(run: Run, path: str, address: str) -> dict[str, Any]:
    return {"contentUri": address, "origin": ORIGIN, "container": f"dcid.{run.id}", "path": path, "tags": {}}
