"""Answers about submitted runs."""

from __future__ import annotations

import shlex
from typing import Any

from sandbox.azure.history import errors as history_errors
from sandbox.azure.history.experiments import experiment_of
from sandbox.azure.history.responses import run_name, run_of
from sandbox.azure.jobs.models import CommandJob, Limits, Resources
from sandbox.azure.jobs.responses import checked_compute
from sandbox.azure.resources import Resource
from sandbox.azure.submissions import errors
from sandbox.azure.submissions.models import Configuration, Submission
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.proxy import proxy_environment
from sandbox.wire import Answer

_KIND = "ScriptRun"


def submit_run(call: Call) -> Answer:
    """Starts a run, under the id that the client has made for it."""
    workspace = workspace_of(call)
    experiment = experiment_of(call, workspace)
    name = run_name(call.query.get("runid", ""))
    asked: Submission = call.json(Submission)
    configuration = asked.configuration
    assert call.caller is not None
    with call.world.store.changing():
        if call.azure.runs.find(workspace, name):
            raise errors.exists(name)
        if asked.parent_run_id and call.azure.runs.find(workspace, asked.parent_run_id) is None:
            raise history_errors.run_not_found(asked.parent_run_id)
        code = _code(call, workspace, asked)
        environment = _environment(call, workspace, configuration)
        job = CommandJob(
            job_type="Command",
            command=_command(name, configuration),
            environment_id=environment.id,
            code_id=code.id if code else None,
            compute_id=f"{workspace.id}/computes/{configuration.target}",
            display_name=name,
            environment_variables={
                **configuration.environment.environment_variables,
                **configuration.environment_variables,
            },
            experiment_name=experiment.name,
            limits=_limits(configuration),
            properties=_properties(asked, code),
            resources=Resources(instance_count=configuration.node_count),
        )
        target, size = checked_compute(call, workspace, job)
        run = call.azure.jobs.create(
            workspace,
            name,
            job.json_form(),
            call.caller,
            kind=_KIND,
            script=configuration.script or "",
            parent=asked.parent_run_id,
            target=target,
            size=size,
            nodes=configuration.node_count,
        )
        call.azure.runs.define(run, _definition(configuration, environment))
    call.azure.execution.start(workspace, run, lambda folder: proxy_environment(call.world, folder))
    return reply({"runId": run.id})


def cancel_run(call: Call) -> Answer:
    """Nothing comes of it where the run has ended already."""
    run = run_of(call, workspace_of(call))
    if not run.has_ended:
        execution = call.azure.execution
        call.azure.runs.move(run, "CancelRequested")
        call.azure.operations.run("", lambda: execution.cancel(run))
    return reply({})


def _command(name: str, configuration: Configuration) -> str:
    """As bash runs it."""
    script, command = configuration.script, configuration.command
    if bool(script) == bool(command):
        raise errors.nothing_to_run(name)
    if script:
        return shlex.join(["python", script, *(str(each) for each in configuration.arguments)])
    return command if isinstance(command, str) else " ".join(str(each) for each in command or ())


def _code(call: Call, workspace: Resource, asked: Submission) -> Resource | None:
    if asked.snapshot_id is None:
        return None
    code = call.azure.snapshots.find(workspace, asked.snapshot_id)
    if code is None:
        raise errors.no_snapshot(asked.snapshot_id)
    script = asked.configuration.script
    if script and script not in call.azure.snapshots.files(workspace, asked.snapshot_id):
        raise errors.no_script(script, asked.snapshot_id)
    return code


def _environment(call: Call, workspace: Resource, configuration: Configuration) -> Resource:
    """The registered one of that version, or one that is registered by this."""
    asked = configuration.environment
    name = asked.name or f"{configuration.target} environment"
    if asked.version is None:
        return call.azure.environments.register(workspace, name, None, asked, call.caller_id)
    found = call.azure.environments.find(workspace, name, asked.version)
    if found is None:
        raise errors.no_environment(f"{name}:{asked.version}")
    return found


def _limits(configuration: Configuration) -> Limits | None:
    seconds = configuration.max_run_duration_seconds
    return Limits(job_limits_type="Command", timeout=f"PT{seconds}S") if seconds else None


def _properties(asked: Submission, code: Resource | None) -> dict[str, str]:
    """Of the run: with those of its snapshot, which tell of its repository."""
    kind = {"_azureml.ComputeTargetType": "amlctrain"}
    if code is None or asked.snapshot_id is None:
        return kind
    return {**code.properties["properties"], **kind, "ContentSnapshotId": asked.snapshot_id}


def _definition(configuration: Configuration, environment: Resource) -> dict[str, Any]:
    """What the run's details tell of its configuration: with the environment that it got."""
    *_, name, _, version = environment.id.split("/")
    told = configuration.model_dump(mode="json", by_alias=True)
    return {**told, "environment": {**told["environment"], "name": name, "version": version}}
