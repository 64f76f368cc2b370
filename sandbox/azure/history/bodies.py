"""Runs and experiments as run history answers them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.azure.history.state import Experiment, Run
from sandbox.azure.machine_learning import nested
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call
from sandbox.wire import format_time, without_null


def experiment_body(experiment: Experiment) -> dict[str, Any]:
    return without_null(
        {
            "experimentId": experiment.id,
            "name": experiment.name,
            "description": experiment.description or None,
            "createdUtc": format_time(experiment.created),
            "archivedTime": format_time(experiment.archived),
            "tags": experiment.tags,
        }
    )


def run_body(call: Call, workspace: Resource, run: Run) -> dict[str, Any]:
    return without_null(
        {
            **_common(call, run),
            "name": run.name or None,
            "scriptName": run.script or None,
            "lastModifiedUtc": format_time(run.modified),
            "lastModifiedBy": _user(run),
            "dataContainerId": f"dcid.{run.id}",
            "hidden": run.hidden,
            "runType": run.type,
            "cancelUri": cancel_address(call, workspace, run) if call.azure.jobs.find(workspace, run.id) else None,
            "createdUtc": format_time(run.created),
            "duration": _duration(call, run),
            "outputs": {name: {"assetId": each.asset, "type": each.kind} for name, each in run.outputs.items()},
        }
    )


def details_body(call: Call, workspace: Resource, run: Run, logs: Mapping[str, str]) -> dict[str, Any]:
    """logs: an address for each. The definition is an object for a run of the SDK v1, for others a text."""
    common = _common(call, run)
    return {
        **{name: common[name] for name in common if name not in ("experimentId", "displayName", "description")},
        "logFiles": logs,
        "runDefinition": call.azure.runs.definition(run) or job_definition(call, workspace, run),
        "inputDatasets": [],
        "outputDatasets": [],
    }


def cancel_address(call: Call, workspace: Resource, run: Run) -> str:
    return f"https://{call.host}/execution/v1.0{workspace.id}/experimentids/{run.experiment_id}/runId/{run.id}/cancel"


def _common(call: Call, run: Run) -> dict[str, Any]:
    """What both run and details have."""
    compute = {
        "target": run.target,
        "targetType": "amlcompute",
        "vmSize": run.size,
        "instanceCount": run.nodes,
        "region": call.azure.location,
    }
    return {
        "runId": run.id,
        "runUuid": run.uuid,
        "rootRunId": run.root or run.id,
        "parentRunId": run.parent,
        "experimentId": run.experiment_id,
        "displayName": run.display_name,
        "description": run.description or None,
        "runNumber": run.number,
        "target": run.target or None,
        "status": run.status,
        "startTimeUtc": format_time(run.started),
        "endTimeUtc": format_time(run.ended),
        "error": _error(call, run),
        "warnings": [{"source": "ExecutionService", "message": each} for each in run.warnings],
        "tags": run.tags,
        "properties": run.properties,
        "parameters": run.params,
        "compute": compute if run.target else None,
        "createdBy": _user(run),
        "userId": run.caller.object_id,
        "revision": run.revision,
        "statusRevision": run.revision,
    }


def _error(call: Call, run: Run) -> dict[str, Any] | None:
    if run.error is None:
        return None
    error = without_null(
        {
            "code": run.error.code,
            "message": run.error.message,
            "messageFormat": run.error.form or None,
            "messageParameters": run.error.values or None,
            "details": [],
            "innerError": nested(run.error.inner),
        }
    )
    return {
        "error": error,
        "correlation": {"operation": run.uuid.replace("-", ""), "request": call.id.replace("-", "")[:16]},
        "environment": call.azure.location,
        "location": call.azure.location,
        "time": format_time(run.ended),
        "componentName": "execution-worker",
    }


def _user(run: Run) -> dict[str, Any]:
    caller = run.caller
    return {
        "userObjectId": caller.object_id,
        "userTenantId": caller.tenant,
        "userName": caller.client_id,
        "userIss": f"https://sts.windows.net/{caller.tenant}/",
    }


def job_definition(call: Call, workspace: Resource, run: Run) -> str | None:
    """A JSON text: the job that the run is of."""
    if call.azure.jobs.find(workspace, run.id) is None:
        return None
    return json.dumps(call.azure.jobs.definition(workspace, run.id))


def _duration(call: Call, run: Run) -> str | None:
    if run.started is None:
        return None
    return str((run.ended or call.world.clock.now()) - run.started)
