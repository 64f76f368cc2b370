"""DeployToACI, DeployToAKS and DeployToOnlineEndpoint: a pipeline's step that has a model served."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands.checks import CheckProgress, check_publishing, publish_checks, results_folder
from amltasks.commands.deploy_request import DeployRequest, Target
from amltasks.commands.deployed_models import downloaded
from amltasks.commands.deploying import CANCELLED, Deploying
from amltasks.commands.earlier_metadata import download_latest
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.places import endpoints, local_folder, registry, sign_in
from amltasks.commands.secrets import Secrets
from amltasks.errors import AmlTasksError
from amltasks.models.metadata import NAME
from amltasks.platforms.azureml.v1.bounds import NOTICE
from amltasks.requests import Platform

_SECONDS_TO_PUBLISH = 4.0  # of a cancelled step, which the agent ends soon after


def carry_out(job: Job, output: Output) -> ExitCode:
    """Deploy, publish what was looked at, set the output variables and tell the agent the verdict."""
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=job.temp_folder)))
        check_publishing(job)
        request = DeployRequest.from_inputs(Target(job.task.name), job.inputs, job.sources_folder, work)
        if request.platform is Platform.AZUREML_V1:
            output.command(commands.issue(NOTICE, "warning"))
        if not request.models and request.metadata is None and downloaded(artifact_places(job)) is None:
            request = _with_earlier_model(request, job, work, output)
        signed_in = None if request.platform is Platform.AGENT else sign_in(job)
        folder = local_folder(job)
        models = stack.enter_context(contextlib.closing(registry(request.platform, folder, signed_in)))
        places = stack.enter_context(contextlib.closing(endpoints(request.kind, folder, signed_in)))
        secrets = Secrets(job, output)
        progress = CheckProgress(job, output, lambda text: secrets.redactor.text(text))

        def tell(line: str) -> None:
            output.text(secrets.redactor.text(line))
            progress.current(line)

        deploying = Deploying(
            request,
            models,
            places,
            folder=results_folder(job),
            tell=tell,
            warn=lambda line: output.command(commands.issue(secrets.redactor.text(line), "warning")),
            redact=lambda text: secrets.redactor.text(text),
            keep_secret=secrets.add,
            moved=progress.moved,
        )
        try:
            report = deploying.run(artifact_places(job), watch_parent=True)
        except AmlTasksError:
            output.command(*_variables(deploying))
            if (report := deploying.report()).checks:
                publish_checks(job, output, report, secrets.redactor)
            raise
        deadline = time.monotonic() + _SECONDS_TO_PUBLISH if deploying.outcome == CANCELLED else None
        output.command(*_variables(deploying))
        return publish_checks(job, output, report, secrets.redactor, deadline=deadline)


def _with_earlier_model(request: DeployRequest, job: Job, folder: Path, output: Output) -> DeployRequest:
    """Only something else has changed since the model was registered: its scoring script, say."""
    build = download_latest(job, folder)
    if not build:
        return request
    output.text(f"The model is that of build {build}, the last one of this pipeline that has registered one.")
    return request.model_copy(update={"metadata": folder / NAME})


def artifact_places(job: Job) -> list[Path]:
    """Where the artifact with the model's metadata may have been downloaded to, or lies since an earlier step."""
    names = ("Pipeline.Workspace", "System.ArtifactsDirectory", "Build.ArtifactStagingDirectory")
    folders = [Path(value) for name in names if (value := job.variable(name))]
    return [*folders, *(folder / "checks" for folder in folders)]


def _variables(deploying: Deploying) -> Iterator[str]:
    values = {
        "Outcome": deploying.outcome,
        "Endpoint": deploying.endpoint,
        "Address": deploying.address,
        "Deployment": deploying.deployment,
        "ModelId": ", ".join(model.id for model in deploying.models),
    }
    for name, value in values.items():
        yield commands.set_variable(name, value, output=True)
