"""PackageModel: a pipeline's step that makes a scoring image, or the folder to build one from."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands.deploy_task import artifact_places
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.package_request import PackageRequest
from amltasks.commands.packaging import make_package
from amltasks.commands.places import local_folder, registry, sign_in
from amltasks.commands.stopping import StoppedError, stoppable
from amltasks.platforms.azureml.v1.bounds import NOTICE
from amltasks.requests import Platform


def carry_out(job: Job, output: Output) -> ExitCode:
    """Package, and set the output variables."""
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=job.temp_folder)))
        request = PackageRequest.from_inputs(job.inputs, job.sources_folder, work, _default_folder(job))
        if request.platform is Platform.AZUREML_V1:
            output.command(commands.issue(NOTICE, "warning"))
        signed_in = None if request.platform is Platform.AGENT else sign_in(job)
        models = stack.enter_context(contextlib.closing(registry(request.platform, local_folder(job), signed_in)))
        try:
            package = stoppable(
                lambda: make_package(request, models, signed_in, artifact_places(job), output.text),
                threading.Event(),
                watch_parent=True,
            )
        except StoppedError:
            output.text("Cancelled: an image that Azure ML is building already may still come to its registry.")
            return ExitCode.CANCELLED
    for note in package.notes:
        output.command(commands.issue(note, "warning"))
    context = str(package.context or "")
    output.text(f"Packaged {', '.join(model.id for model in package.models)}: {context or package.image}")
    for name, value in {"Image": package.image, "Context": context}.items():
        output.command(commands.set_variable(name, value, output=True))
    return ExitCode.PASSED


def _default_folder(job: Job) -> Path:
    """One that the job's other steps can reach and no other step of this task writes to."""
    staging = job.variable("Build.ArtifactStagingDirectory") or job.variable("System.ArtifactsDirectory")
    return Path(staging or job.temp_folder) / "package" / (job.variable("System.TaskInstanceName") or "context")
