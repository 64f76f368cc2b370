"""Jobs: what was asked for is a resource, what became of it is a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.azure.history.state import Run, Runs
from sandbox.azure.jobs import errors
from sandbox.azure.resources import Resource, Resources
from sandbox.azure.tokens import Caller

# What may be changed after a job was submitted; it is kept with its run.
_CHANGEABLE = ("description", "tags", "displayName", "properties", "isArchived")
REFERENCE = re.compile(r"\$\{\{\s*(?P<way>inputs|outputs)\.(?P<name>\w+)\s*\}\}")
DEFAULT_OUTPUT = "azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{job}"
_NAMED_OUTPUT = "azureml://datastores/workspaceblobstore/paths/azureml/{job}/{name}/"


class Jobs:
    """Of all workspaces."""

    def __init__(self, resources: Resources, runs: Runs) -> None:
        self._resources = resources
        self._runs = runs

    def create(self, workspace: Resource, name: str, asked: dict[str, Any], caller: Caller, **known: Any) -> Run:
        """asked: the job's properties as they are sent. known: members of its run; its kind is the job's type else."""
        definition = {key: value for key, value in asked.items() if key not in _CHANGEABLE}
        self._resources.put(_path(workspace, name), definition, by=caller.object_id)
        return self._runs.begin(
            workspace,
            name,
            caller,
            experiment=asked["experimentName"],
            display_name=asked.get("displayName") or name,
            description=asked.get("description", ""),
            tags=asked["tags"],
            properties=asked["properties"],
            hidden=asked["isArchived"],
            **{"kind": asked["jobType"], **known},
        )

    def change(self, workspace: Resource, name: str, asked: dict[str, Any]) -> Run:
        """What is sent for a job that is there already: refused where it would be another job."""
        definition, run = self.definition(workspace, name), self._runs.find(workspace, name)
        assert run is not None
        changed = [
            key for key in sorted({*definition, *asked} - {*_CHANGEABLE}) if definition.get(key) != asked.get(key)
        ]
        if changed:
            raise errors.exists(changed)
        return self._runs.change(
            run,
            description=asked.get("description", run.description),
            tags={**run.tags, **asked["tags"]},
            properties={**run.properties, **asked["properties"]},
            display_name=asked.get("displayName") or run.display_name,
            hidden=asked["isArchived"],
        )

    def find(self, workspace: Resource, name: str) -> Run | None:
        """The run of a job; None for one that is no job's."""
        return self._runs.find(workspace, name) if self._resources.get(_path(workspace, name)) else None

    def all(self, workspace: Resource) -> list[Run]:
        """The newest first."""
        jobs = {each.name.lower() for each in self._resources.all(f"{workspace.id}/jobs")}
        return [run for run in reversed(self._runs.all(workspace)) if run.id.lower() in jobs]

    def definition(self, workspace: Resource, name: str) -> dict[str, Any]:
        """What was asked for, but for what may be changed later."""
        found = self._resources.get(_path(workspace, name))
        assert found is not None
        return found.properties

    def delete(self, workspace: Resource, name: str) -> None:
        self._resources.delete(_path(workspace, name))

    def body(self, workspace: Resource, run: Run) -> dict[str, Any]:
        """As ARM answers it."""
        resource = self._resources.get(_path(workspace, run.id))
        assert resource is not None
        definition = resource.properties
        outputs = {
            name: {**asked, "uri": output_uri(run, name, asked)} for name, asked in definition["outputs"].items()
        }
        default = {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "uri": DEFAULT_OUTPUT.format(job=run.id)}
        body = resource.body
        body["properties"] = {
            **definition,
            "description": run.description or None,
            "tags": run.tags,
            "properties": run.properties,
            "displayName": run.display_name,
            "isArchived": run.hidden,
            "status": run.status,
            "outputs": {"default": default, **outputs},
            "services": {
                "Tracking": _service("Tracking", workspace.properties["mlFlowTrackingUri"]),
                "Studio": _service("Studio", studio(workspace, run)),
            },
        }
        return body


def output_uri(run: Run, name: str, asked: Mapping[str, Any]) -> str:
    """Where a named output goes."""
    return str(asked.get("uri") or _NAMED_OUTPUT.format(job=run.id, name=name))


def studio(workspace: Resource, run: Run) -> str:
    """The address of a run's page for people."""
    return f"https://ml.azure.com/runs/{run.id}?wsid={workspace.id}"


def _service(kind: str, endpoint: str) -> dict[str, Any]:
    return {"jobServiceType": kind, "endpoint": endpoint}


def _path(workspace: Resource, name: str) -> str:
    return f"{workspace.id}/jobs/{name}"
