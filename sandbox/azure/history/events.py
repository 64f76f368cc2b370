"""What runs tell of themselves while they run, and the tokens that they do it with."""

from __future__ import annotations

from datetime import timedelta

from sandbox.azure.history import errors
from sandbox.azure.history.models import ErrorResponse, Event, Events, InnerError
from sandbox.azure.history.responses import run_of
from sandbox.azure.history.state import Run, RunError
from sandbox.azure.resources import Resource
from sandbox.azure.wire import JSON, Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer, format_time

_PREFIX = "Microsoft.MachineLearning.Run."
_STATES = {"Start": "Running", "Completed": "Completed", "Failed": "Failed", "Canceled": "Canceled"}
_TOKEN_SECONDS = 24 * 3600


def post_event(call: Call) -> Answer:
    workspace = workspace_of(call)
    run = run_of(call, workspace)
    _take(call, workspace, run, call.json(Event))
    return reply()


def post_events(call: Call) -> Answer:
    """For many runs of an experiment, each named by its event."""
    workspace = workspace_of(call)
    asked: Events = call.json(Events)
    for event in asked.events:
        run = call.azure.runs.find(workspace, event.data.run_id or "")
        if run is None:
            raise errors.run_not_found(event.data.run_id or "")
        _take(call, workspace, run, event)
    return reply({"errors": []})


def get_token(call: Call) -> Answer:
    """A token by which a run goes on to tell of itself: it speaks for who asks."""
    run_of(call, workspace_of(call))
    assert call.caller is not None
    token = call.azure.tokens.issue(call.caller, "https://management.azure.com", _TOKEN_SECONDS)
    expiry = format_time(call.world.clock.now() + timedelta(seconds=_TOKEN_SECONDS))
    return Answer({"token": token, "expiryTimeUtc": expiry}, media_type=JSON, private=("token",))


def wait_for_metrics(call: Call) -> Answer:
    """They are there as soon as they were sent."""
    run_of(call, workspace_of(call))
    return reply({})


def _take(call: Call, workspace: Resource, run: Run, event: Event) -> None:
    """The state of a job is its node's to tell; a job may be cancelled by an event."""
    name = event.name.removeprefix(_PREFIX)
    runs, is_job = call.azure.runs, call.azure.jobs.find(workspace, run.id) is not None
    if name == "Error" and event.data.error_response is not None:
        runs.change(run, error=_error(event.data.error_response))
    elif name == "Warning":
        runs.change(run, warnings=(*run.warnings, event.data.message or ""))
    elif name in ("Canceled", "CancelRequested") and is_job:
        if not run.has_ended:
            call.azure.operations.run("", lambda: call.azure.execution.cancel(run))
    elif name == "CancelRequested":
        runs.move(run, name)
    elif name in _STATES:
        if not is_job:
            runs.move(run, _STATES[name])
    elif name not in ("Heartbeat", "Queued", "QueueingInfo"):
        raise errors.unknown_event(event.name)


def _error(told: ErrorResponse) -> RunError:
    error = told.error
    inner: list[str] = []
    below: InnerError | None = error.inner_error
    while below is not None:
        inner.append(below.code or "")
        below = below.inner_error
    return RunError(
        code=error.code,
        message=error.message,
        form=error.message_format or "",
        values=error.message_parameters,
        inner=tuple(inner),
    )
