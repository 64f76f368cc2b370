"""RegisterModel: register what a step has trained, if it is better than what is there."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands.checks import check_publishing, publish_checks, results_folder
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.places import local_folder, registry, sign_in
from amltasks.commands.register_model_request import RegisterModelRequest
from amltasks.commands.registering import Registered, register_model
from amltasks.commands.stopping import StoppedError, stoppable
from amltasks.devops.builds import cancel_build
from amltasks.devops.client import Client
from amltasks.devops.pacing import Pace
from amltasks.errors import ServiceError, UserError
from amltasks.models.metadata import ARTIFACT, write_metadata
from amltasks.platforms.azureml.step import Step
from amltasks.platforms.azureml.v1.bounds import NOTICE
from amltasks.redaction import Redactor
from amltasks.requests import Platform

_SECONDS_TO_CANCEL = 120.0  # that Azure DevOps has to answer
_SECONDS_UNTIL_CANCELLED = 120.0  # until the agent has heard of it; a busy service takes its time


def carry_out(job: Job, output: Output) -> ExitCode:
    """Register, publish the gate's checks, set the output variables and tell the agent the verdict."""
    check_publishing(job)
    request = RegisterModelRequest.from_inputs(job.inputs, job.sources_folder)
    redactor = Redactor(job.secrets())
    _refuse_secrets(request, redactor)
    if request.platform is Platform.AZUREML_V1:
        output.command(commands.issue(NOTICE, "warning"))
    stop = threading.Event()
    try:
        registered = stoppable(lambda: _registered(job, request, output, redactor), stop, watch_parent=True)
    except StoppedError:
        output.text(
            f"Cancelled before it was known whether {request.name} was registered. If it was, the next try of this "
            "build takes that version."
        )
        return ExitCode.CANCELLED
    for note in registered.warnings:
        output.command(commands.issue(output.redacted(note), "warning"))
    output.command(*_outcome(job, registered))
    code = publish_checks(job, output, registered.report, redactor)
    return _cancelled(job, output, stop) if registered.registration.wants_cancel else code


def _refuse_secrets(request: RegisterModelRequest, redactor: Redactor) -> None:
    """What is said of a model can be read by everybody who may see the registry."""
    pairs = {"tags": request.tags, "properties": request.properties, "data": request.data}
    said = {f"{name}: {key}": value for name, values in pairs.items() for key, value in values.items()}
    said |= {"description": request.description, "override": request.gate.override}
    for name, text in said.items():
        if redactor.text(text) != text:
            raise UserError(f"{name}: holds a secret, and everybody who may see the model would see it: leave it out.")


def _registered(job: Job, request: RegisterModelRequest, output: Output, redactor: Redactor) -> Registered:
    signed_in = None if request.platform is Platform.AGENT else sign_in(job)
    build = Step.from_variables(job.variables).said
    with (
        contextlib.closing(registry(request.platform, local_folder(job), signed_in)) as opened,
        tempfile.TemporaryDirectory(dir=job.temp_folder) as scratch,
    ):
        return register_model(request, opened, build, Path(scratch), output.text, redactor.value)


def _outcome(job: Job, registered: Registered) -> Iterator[str]:
    """The output variables, and the artifact by which later stages and releases find the model."""
    model, path = registered.registration.model, ""
    if registered.metadata is not None:
        path = str(write_metadata(registered.metadata, results_folder(job) / ARTIFACT))
        if job.variable("Build.BuildId") and not job.variable("Release.ReleaseId"):
            yield commands.upload_artifact(ARTIFACT, Path(path))
    values = {
        "Registered": "true" if model else "false",
        "Verdict": registered.registration.verdict,
        "ModelName": model.name if model else "",
        "ModelVersion": model.version if model else "",
        "ModelId": model.id if model else "",
        "MetadataFile": path,
    }
    for name, value in values.items():
        yield commands.set_variable(name, value, output=True)


def _cancelled(job: Job, output: Output, stop: threading.Event) -> ExitCode:
    """The build is cancelled, everything having been published, and waited for, so that no other step begins."""
    build = job.variable("Build.BuildId")
    in_release = bool(job.variable("Release.ReleaseId"))  # where the build is the one that is released
    if job.connection is None or not build.isdecimal() or in_release:
        output.command(commands.issue("whenNotBetter: there is no build that could be cancelled.", "error"))
        return ExitCode.CHECKS_FAILED
    project = job.variable("System.TeamProjectId") or job.variable("System.TeamProject")
    token, pace = job.connection.token, Pace(deadline=time.monotonic() + _SECONDS_TO_CANCEL)

    def cancel_and_wait() -> None:
        with Client(job.collection_url, token, pace) as client:
            cancel_build(client, project, int(build))
        output.text("The build is being cancelled.")
        stop.wait(_SECONDS_UNTIL_CANCELLED)

    try:
        stoppable(cancel_and_wait, stop, watch_parent=True)
    except ServiceError as error:
        sentence = f"whenNotBetter: the build could not be cancelled, this step fails instead: {error}"
        output.command(commands.issue(output.redacted(sentence), "error"))
        return ExitCode.CHECKS_FAILED
    except StoppedError:
        pass  # as was asked for
    return ExitCode.CANCELLED
