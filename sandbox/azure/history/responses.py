"""Answers of run history about runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history import errors
from sandbox.azure.history.bodies import details_body, job_definition, run_body
from sandbox.azure.history.experiments import experiment_of
from sandbox.azure.history.models import Query, RunDataRequest, RunUpdate, RunUpdates
from sandbox.azure.history.queries import page, run_row
from sandbox.azure.history.state import CONTAINER, Experiment, Run
from sandbox.azure.resources import Resource
from sandbox.azure.wire import JSON, Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer

_READ_SECONDS = 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


def get_details(call: Call) -> Answer:
    """State, error, and the logs with addresses that need no token for a while."""
    workspace = workspace_of(call)
    run = run_of(call, workspace)
    storage, account = call.azure.storage, account_of(workspace)
    logs = {
        name: storage.signed(account, CONTAINER, f"{run.folder}/{name}", "r", _READ_SECONDS)
        for name in sorted(run.logs)
    }
    return Answer(details_body(call, workspace, run, logs), media_type=JSON)


def get_run(call: Call) -> Answer:
    workspace = workspace_of(call)
    return reply(run_body(call, workspace, run_of(call, workspace)))


def get_run_data(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: RunDataRequest = call.json(RunDataRequest)
    run = _known(call, workspace, asked.run_id)
    body: dict[str, Any] = {}
    if asked.select_run_metadata:
        body["runMetadata"] = run_body(call, workspace, run)
    if asked.select_run_definition:
        body["runDefinition"] = job_definition(call, workspace, run)
    if asked.select_job_specification:
        body["jobSpecification"] = job_definition(call, workspace, run)
    return reply(body)


def query_runs(call: Call) -> Answer:
    """Those of an experiment that a filter finds."""
    workspace = workspace_of(call)
    experiment = experiment_of(call, workspace)
    runs = [run for run in call.azure.runs.all(workspace) if run.experiment_id == experiment.id]
    return _page(call, workspace, runs, call.json(Query))


def list_children(call: Call) -> Answer:
    workspace = workspace_of(call)
    run = run_of(call, workspace)
    order = call.query.get("$orderby")
    asked = Query(
        filter=call.query.get("$filter"),
        orderby=" ".join(filter(None, [order, call.query.get("$sortorder")])) if order else None,
        top=call.number("$top", 0) or None,
        continuation_token=call.query.get("$continuationtoken"),
    )
    return _page(call, workspace, [each for each in call.azure.runs.all(workspace) if each.parent == run.id], asked)


def patch_run(call: Call) -> Answer:
    """Changes a run, or begins one: a property once set stays."""
    workspace = workspace_of(call)
    experiment = experiment_of(call, workspace)
    asked: RunUpdate = call.json(RunUpdate)
    name = call.values["run"]
    if asked.run_id is not None and asked.run_id.lower() != name.lower():
        raise errors.other_run(asked.run_id, name)
    with call.world.store.changing():
        return reply(run_body(call, workspace, _updated(call, workspace, experiment, name, asked)))


def patch_runs(call: Call) -> Answer:
    """Many at once, all or none."""
    workspace = workspace_of(call)
    experiment = experiment_of(call, workspace)
    asked: RunUpdates = call.json(RunUpdates)
    with call.world.store.changing():
        runs = [_updated(call, workspace, experiment, each.run_id or "", each) for each in asked.runs]
    return reply({"runs": {run.id: run_body(call, workspace, run) for run in runs}, "errors": {}})


def delete_tags(call: Call) -> Answer:
    workspace = workspace_of(call)
    run = run_of(call, workspace)
    asked: tuple[str, ...] = call.json(tuple[str, ...])
    with call.world.store.changing():
        tags = {name: text for name, text in run.tags.items() if name not in asked}
        return reply(run_body(call, workspace, call.azure.runs.change(run, tags=tags)))


def run_name(name: str) -> str:
    """The same, where a run may be called so."""
    if not _NAME.fullmatch(name):
        raise errors.run_name(name)
    return name


def run_of(call: Call, workspace: Resource) -> Run:
    """The run that the path names, below its experiment where that is named too."""
    run = _known(call, workspace, call.values["run"])
    below = "experiment" in call.values or "experiment_id" in call.values
    if below and experiment_of(call, workspace).id != run.experiment_id:
        raise errors.run_not_found(run.id)
    return run


def _page(call: Call, workspace: Resource, runs: list[Run], asked: Query) -> Answer:
    return reply(page(reversed(runs), run_row, asked, lambda run: run_body(call, workspace, run)))


def _updated(call: Call, workspace: Resource, experiment: Experiment, name: str, asked: RunUpdate) -> Run:
    run = call.azure.runs.find(workspace, name) or _begun(call, workspace, experiment, name, asked)
    if run.experiment_id != experiment.id:
        raise errors.run_not_found(run.id)
    properties = {key: text for key, text in asked.properties.items() if text is not None}
    for key, text in properties.items():
        if run.properties.get(key, text) != text:
            raise errors.property_is_kept(key)
    told: Mapping[str, Any] = {"name": run.name, "script_name": run.script, "parent_run_id": run.parent}
    for member, known in told.items():
        if getattr(asked, member) not in (None, known):
            raise errors.fixed(member, run.id)
    changed: dict[str, Any] = {"tags": {**run.tags, **asked.tags}, "properties": {**run.properties, **properties}}
    for member in ("display_name", "description", "hidden"):
        if getattr(asked, member) is not None:
            changed[member] = getattr(asked, member)
    return call.azure.runs.change(run, **changed)


def _begun(call: Call, workspace: Resource, experiment: Experiment, name: str, asked: RunUpdate) -> Run:
    if asked.parent_run_id:
        _known(call, workspace, asked.parent_run_id)
    assert call.caller is not None
    return call.azure.runs.begin(
        workspace,
        run_name(name),
        call.caller,
        experiment=experiment.name,
        kind="",
        name=asked.name or "",
        display_name=asked.display_name or asked.name or name,
        script=asked.script_name or "",
        target=asked.target or "",
        parent=asked.parent_run_id,
    )


def _known(call: Call, workspace: Resource, name: str) -> Run:
    found = call.azure.runs.find(workspace, name)
    if found is None:
        raise errors.run_not_found(name)
    return found
