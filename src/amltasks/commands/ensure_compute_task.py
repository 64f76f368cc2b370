"""EnsureCompute: a cluster for the steps that follow, which goes with the job where that is wanted."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands.ensure_compute import EnsureComputeRequest, Ensured, ensure_compute, remove_compute
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.places import computes, sign_in
from amltasks.commands.stopping import StoppedError, stoppable
from amltasks.errors import ServiceError
from amltasks.platforms.azureml.v1.bounds import NOTICE
from amltasks.requests import Platform


def carry_out(job: Job, output: Output) -> ExitCode:
    """The cluster, and output variables; or, after the job's steps, its end."""
    request = EnsureComputeRequest.from_inputs(job.inputs)
    if job.phase == "post":
        return _removed(job, request, output)
    if request.platform is Platform.AZUREML_V1:
        output.command(commands.issue(NOTICE, "warning"))
    try:
        ensured = stoppable(lambda: _ensured(job, request, output), threading.Event(), watch_parent=True)
    except StoppedError:
        then = "it is removed when the job is over" if request.remove_afterwards else "what was begun goes on"
        output.text(f"Cancelled while the compute {request.cluster.name} was looked for or made: {then}.")
        return ExitCode.CANCELLED
    for warning in ensured.warnings:
        output.command(commands.issue(output.redacted(warning), "warning"))
    output.text(f"The compute {ensured.name} is usable.")
    output.command(*_variables(ensured))
    return ExitCode.PASSED


def _ensured(job: Job, request: EnsureComputeRequest, output: Output) -> Ensured:
    def making() -> None:
        # Before anything is begun, so that a step that is ended in the middle is cleaned up after, too.
        if request.remove_afterwards:
            output.command(commands.set_state(request.cluster.name))

    with contextlib.closing(computes(request.platform, sign_in(job))) as opened:
        return ensure_compute(request, opened, job.variable("Build.BuildId"), output.text, making)


def _removed(job: Job, request: EnsureComputeRequest, output: Output) -> ExitCode:
    try:
        with contextlib.closing(computes(request.platform, sign_in(job))) as opened:
            remove_compute(opened, job.state, output.text)
    except ServiceError as error:
        raise ServiceError(f"{error} It costs until it is deleted by hand.") from error
    return ExitCode.PASSED


def _variables(ensured: Ensured) -> Iterator[str]:
    values = {"Compute": ensured.name, "Created": "true" if ensured.made else "false", "State": ensured.state}
    for name, value in values.items():
        yield commands.set_variable(name, value, output=True)
