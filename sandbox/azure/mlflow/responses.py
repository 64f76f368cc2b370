"""Answers of MLflow tracking."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sandbox.azure.history.state import Experiment, Run
from sandbox.azure.mlflow import errors, models
from sandbox.azure.mlflow.state import Metric
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer

_MOST = {"metrics": 1000, "params": 100, "tags": 100}
_STATES = {
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Canceled": "KILLED",
    "NotStarted": "SCHEDULED",
    "Preparing": "SCHEDULED",
    "Queued": "SCHEDULED",
}
_OWN_STATES = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Canceled", "RUNNING": "Running"}


def get_run(call: Call) -> Answer:
    workspace = workspace_of(call)
    return reply({"run": _run_body(call, workspace, _run(call, workspace, call.query.get("run_id", "")))})


def create_run(call: Call) -> Answer:
    """A run that a client begins by itself, without a job."""
    workspace = workspace_of(call)
    asked: models.CreateRun = call.json(models.CreateRun)
    experiment = _experiment(call, workspace, asked.experiment_id)
    assert call.caller is not None
    name = str(uuid.uuid4())
    tags = {pair.key: pair.value for pair in asked.tags}
    run = call.azure.runs.begin(
        workspace,
        name,
        call.caller,
        experiment=experiment.name,
        kind="Mlflow",
        display_name=asked.run_name or tags.get("mlflow.runName") or name,
        tags=tags,
        parent=tags.get("mlflow.parentRunId"),
    )
    return reply({"run": _run_body(call, workspace, call.azure.runs.move(run, "Running"))})


def update_run(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: models.UpdateRun = call.json(models.UpdateRun)
    run = _run(call, workspace, asked.run_id)
    if asked.run_name:
        run = call.azure.runs.change(run, display_name=asked.run_name)
    if asked.status:
        if call.azure.jobs.find(workspace, run.id):
            raise errors.job_ends_itself(run.id)
        run = call.azure.runs.move(run, _OWN_STATES.get(asked.status, "Running"))
    return reply({"run_info": _info(call, workspace, run)})


def search_runs(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: models.SearchRuns = call.json(models.SearchRuns)
    if asked.filter:
        raise errors.not_played("filters of runs")
    found = [run for run in reversed(call.azure.runs.all(workspace)) if run.experiment_id in asked.experiment_ids]
    return reply({"runs": [_run_body(call, workspace, run) for run in found[: asked.max_results]]})


def log_metric(call: Call) -> Answer:
    asked: models.LogMetric = call.json(models.LogMetric)
    call.azure.tracking.log(_run(call, workspace_of(call), asked.run_id), [_metric(asked)])
    return reply({})


def log_parameter(call: Call) -> Answer:
    asked: models.LogParameter = call.json(models.LogParameter)
    _log_parameters(call, _run(call, workspace_of(call), asked.run_id), [asked])
    return reply({})


def set_tag(call: Call) -> Answer:
    asked: models.SetTag = call.json(models.SetTag)
    call.azure.runs.tag(_run(call, workspace_of(call), asked.run_id), {asked.key: asked.value})
    return reply({})


def delete_tag(call: Call) -> Answer:
    asked: models.DeleteTag = call.json(models.DeleteTag)
    run = _run(call, workspace_of(call), asked.run_id)
    call.azure.runs.change(run, tags={key: text for key, text in run.tags.items() if key != asked.key})
    return reply({})


def log_batch(call: Call) -> Answer:
    """All of it or nothing."""
    asked: models.LogBatch = call.json(models.LogBatch)
    for what, most in _MOST.items():
        if len(getattr(asked, what)) > most:
            raise errors.too_many(what, len(getattr(asked, what)), most)
    with call.world.store.changing():
        run = _run(call, workspace_of(call), asked.run_id)
        _log_parameters(call, run, asked.params)
        call.azure.tracking.log(run, [_metric(each) for each in asked.metrics])
        if asked.tags:
            call.azure.runs.tag(run, {pair.key: pair.value for pair in asked.tags})
    return reply({})


def get_history(call: Call) -> Answer:
    run = _run(call, workspace_of(call), call.query.get("run_id", ""))
    found = call.azure.tracking.history(run, call.query.get("metric_key", ""))
    begin = int(call.query.get("page_token") or 0)
    size = call.number("max_results", len(found) or 1)
    body: dict[str, Any] = {"metrics": [each.model_dump() for each in found[begin : begin + size]]}
    if begin + size < len(found):
        body["next_page_token"] = str(begin + size)
    return reply(body)


def get_experiment(call: Call) -> Answer:
    workspace = workspace_of(call)
    return reply({"experiment": _experiment_body(workspace, _experiment(call, workspace, call.query["experiment_id"]))})


def get_experiment_by_name(call: Call) -> Answer:
    workspace = workspace_of(call)
    name = call.query.get("experiment_name", "")
    found = call.azure.runs.find_experiment(workspace, name)
    if found is None:
        raise errors.experiment_not_found(name)
    return reply({"experiment": _experiment_body(workspace, found)})


def create_experiment(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: models.CreateExperiment = call.json(models.CreateExperiment)
    with call.world.store.changing():
        if call.azure.runs.find_experiment(workspace, asked.name):
            raise errors.experiment_exists(asked.name)
        return reply({"experiment_id": call.azure.runs.experiment(workspace, asked.name).id})


def search_experiments(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: models.SearchExperiments = call.json(models.SearchExperiments)
    if asked.filter:
        raise errors.not_played("filters of experiments")
    found = call.azure.runs.experiments(workspace)[: asked.max_results]
    return reply({"experiments": [_experiment_body(workspace, each) for each in found]})


def search_logged_models(call: Call) -> Answer:
    """MLflow 3 asks for models beside a run's files; there are none."""
    workspace_of(call)
    call.json(models.SearchLoggedModels)
    return reply({"models": []})


def _log_parameters(call: Call, run: Run, pairs: Iterable[models.Pair | models.LogParameter]) -> None:
    params = dict(run.params)
    for pair in pairs:
        if params.setdefault(pair.key, pair.value) != pair.value:
            raise errors.parameter_is_kept(pair.key, params[pair.key], pair.value)
    if params != run.params:
        call.azure.runs.change(run, params=params)


def _metric(asked: models.LogMetric | models.LoggedMetric) -> Metric:
    return Metric(key=asked.key, value=asked.value, timestamp=asked.timestamp, step=asked.step)


def _run(call: Call, workspace: Resource, name: str) -> Run:
    found = call.azure.runs.find(workspace, name)
    if found is None:
        raise errors.run_not_found(name)
    return found


def _experiment(call: Call, workspace: Resource, experiment: str) -> Experiment:
    for found in call.azure.runs.experiments(workspace):
        if found.id == experiment:
            return found
    raise errors.experiment_not_found(experiment)


def _run_body(call: Call, workspace: Resource, run: Run) -> dict[str, Any]:
    tags: dict[str, str | None] = {
        "mlflow.rootRunId": run.root or run.id,
        "mlflow.runName": run.display_name,
        "mlflow.user": run.caller.client_id,
    }
    data = {
        "metrics": [each.model_dump() for each in call.azure.tracking.latest(run)],
        "params": _pairs(run.params),
        "tags": _pairs({**tags, **run.tags}),
    }
    return {"info": _info(call, workspace, run), "data": data, "inputs": {}}


def _info(call: Call, workspace: Resource, run: Run) -> dict[str, Any]:
    info = {
        "run_id": run.id,
        "run_uuid": run.id,
        "run_name": run.display_name,
        "experiment_id": run.experiment_id,
        "user_id": "",
        "status": _STATES.get(run.status, "RUNNING"),
        "start_time": _milliseconds(run.started or run.created),
        "artifact_uri": f"{_artifacts(workspace, run.experiment_id)}/runs/{run.id}/artifacts",
        "lifecycle_stage": "active",
    }
    return {**info, "end_time": _milliseconds(run.ended)} if run.ended else info


def _experiment_body(workspace: Resource, experiment: Experiment) -> dict[str, Any]:
    return {
        "experiment_id": experiment.id,
        "name": experiment.name,
        "artifact_location": _artifacts(workspace, experiment.id),
        "lifecycle_stage": "active",
        "creation_time": _milliseconds(experiment.created),
        "tags": _pairs(experiment.tags),
    }


def _artifacts(workspace: Resource, experiment: str) -> str:
    """The address that MLflow's clients have for the files of an experiment."""
    base = str(workspace.properties["mlFlowTrackingUri"]).replace("/mlflow/v1.0/", "/mlflow/v2.0/")
    return f"{base}/experiments/{experiment}"


def _pairs(values: Mapping[str, str | None]) -> list[dict[str, str]]:
    return [{"key": key, "value": text or ""} for key, text in values.items()]


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
