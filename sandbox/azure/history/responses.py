"""Answers of run history."""

from __future__ import annotations

import json
from typing import Any

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history import errors
from sandbox.azure.history.models import RunDataRequest, RunUpdate
from sandbox.azure.history.state import CONTAINER, Run
from sandbox.azure.machine_learning import nested
from sandbox.azure.resources import Resource
from sandbox.azure.wire import JSON, Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer, format_time, without_null

_READ_SECONDS = 24 * 3600


def get_details(call: Call) -> Answer:
    """State, error, and the logs with addresses that need no token for a while."""
    workspace = workspace_of(call)
    run = run_of(call, workspace)
    storage, account = call.azure.storage, account_of(workspace)
    logs = {
        name: storage.signed(account, CONTAINER, f"{run.folder}/{name}", "r", _READ_SECONDS)
        for name in sorted(run.logs)
    }
    common = _common(call, run)
    body = {name: common[name] for name in common if name not in ("experimentId", "displayName", "description")}
    return Answer({**body, "logFiles": logs, "runDefinition": _definition(call, workspace, run)}, media_type=JSON)


def get_run(call: Call) -> Answer:
    return reply(_metadata(call, run_of(call, workspace_of(call))))


def get_run_data(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: RunDataRequest = call.json(RunDataRequest)
    run = _known(call, workspace, asked.run_id)
    body: dict[str, Any] = {}
    if asked.select_run_metadata:
        body["runMetadata"] = _metadata(call, run)
    if asked.select_run_definition:
        body["runDefinition"] = _definition(call, workspace, run)
    if asked.select_job_specification:
        body["jobSpecification"] = _definition(call, workspace, run)
    return reply(body)


def list_children(call: Call) -> Answer:
    workspace = workspace_of(call)
    run = run_of(call, workspace)
    return reply({"value": [_metadata(call, each) for each in call.azure.runs.all(workspace) if each.parent == run.id]})


def patch_run(call: Call) -> Answer:
    """A tag of no value is taken away; a property once set stays."""
    workspace = workspace_of(call)
    if call.azure.runs.find_experiment(workspace, call.values["experiment"]) is None:
        raise errors.experiment_not_found(call.values["experiment"])
    run = run_of(call, workspace)
    asked: RunUpdate = call.json(RunUpdate)
    for name, text in asked.properties.items():
        if run.properties.get(name, text) != text:
            raise errors.property_is_kept(name)
    tags = {name: text for name, text in {**run.tags, **asked.tags}.items() if text is not None}
    changed: dict[str, Any] = {"tags": tags, "properties": {**run.properties, **asked.properties}}
    for name in ("display_name", "description", "hidden"):
        if getattr(asked, name) is not None:
            changed[name] = getattr(asked, name)
    return reply(_metadata(call, call.azure.runs.change(run, **changed)))


def run_of(call: Call, workspace: Resource) -> Run:
    return _known(call, workspace, call.values["run"])


def _known(call: Call, workspace: Resource, name: str) -> Run:
    found = call.azure.runs.find(workspace, name)
    if found is None:
        raise errors.run_not_found(name)
    return found


def _metadata(call: Call, run: Run) -> dict[str, Any]:
    return without_null(
        {
            **_common(call, run),
            "rootRunUuid": run.uuid,
            "lastModifiedUtc": format_time(run.modified),
            "lastModifiedBy": _user(run),
            "dataContainerId": f"dcid.{run.id}",
            "hidden": run.hidden,
            "runType": f"azureml.{run.kind.lower()}",
            "createdUtc": format_time(run.created),
            "duration": _duration(call, run),
            "outputs": {name: {"assetId": each.asset, "type": each.kind} for name, each in run.outputs.items()},
        }
    )


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
        "rootRunId": run.id,
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


def _definition(call: Call, workspace: Resource, run: Run) -> str | None:
    """A JSON text: how the run was asked for."""
    if call.azure.jobs.find(workspace, run.id) is None:
        return None
    return json.dumps(call.azure.jobs.definition(workspace, run.id))


def _duration(call: Call, run: Run) -> str | None:
    if run.started is None:
        return None
    return str((run.ended or call.world.clock.now()) - run.started)
