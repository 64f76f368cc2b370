"""Notebooks on Azure ML for a step of a pipeline: the platform that its inputs describe, and jobs without waiting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.cancellation import cancel_on_signals
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.places import SignedIn, sign_in, sign_in_on_laptop
from amltasks.errors import UserError
from amltasks.notebooks.plan import plan_runs
from amltasks.platforms.azureml.request import AzureRequest, refuse_without_platform
from amltasks.platforms.base import NotebookRun, Stop
from amltasks.requests import Platform, RunNotebooksRequest

if TYPE_CHECKING:
    from amltasks.platforms.azureml.compute import AzureMLCompute
    from amltasks.platforms.azureml.service import Service


def compute_of(job: Job, request: RunNotebooksRequest, output: Output) -> AzureMLCompute | None:
    """Ready to run, with what earlier builds have left behind cancelled; None where the step runs on the agent.

    Raises UserError, naming the input, and ServiceError.
    """
    if request.platform is Platform.AGENT:
        refuse_without_platform(job.inputs)
        return None
    from amltasks.platforms.azureml.compute import AzureMLCompute
    from amltasks.platforms.azureml.step import Step
    from amltasks.platforms.azureml.v1.bounds import NOTICE

    if request.secret_parameters:
        raise UserError(
            "secretParameters: cannot be sent to Azure ML, where everybody who may see the job would see them: keep "
            "secrets in a key vault that the job's identity may read."
        )
    signed_in = sign_in(job)
    wanted = AzureRequest.from_inputs(job.inputs, job.variable("Build.DefinitionName"))
    step = Step.from_variables(job.variables)
    service = _service(request.platform, signed_in, wanted)
    if request.platform is Platform.AZUREML_V1:
        output.command(commands.issue(NOTICE, "warning"))
    compute = AzureMLCompute(service, wanted, step, request.root)
    for sentence in compute.prepare():
        output.text(sentence)
    return compute


def compute_of_laptop(platform: Platform, given: Mapping[str, Any], root: Path) -> AzureMLCompute:
    """given: the command line's options. Raises UserError where there is no subscription."""
    from amltasks.platforms.azureml.compute import AzureMLCompute
    from amltasks.platforms.azureml.step import Step

    wanted = AzureRequest.from_inputs(
        {
            "resourceGroup": given["resource_group"],
            "workspace": given["workspace"],
            "compute": given["compute"],
            "instanceType": given["instance_type"],
            "environment": "\n".join(given["environment"]),
            "experiment": given["experiment"],
        }
    )
    service = _service(platform, sign_in_on_laptop(given), wanted)
    compute = AzureMLCompute(service, wanted, Step.from_variables({}), root)
    list(compute.prepare())
    return compute


def submit(compute: AzureMLCompute, request: RunNotebooksRequest, output: Output) -> ExitCode:
    """Submits the jobs and leaves them; what cannot run at all is told by the step that collects."""
    with contextlib.closing(compute):
        plan = plan_runs(request)
        runs = [run for run in plan.runs if run.run_id not in plan.settled]
        cancelled = asyncio.run(_submitted(compute, runs, output.text))
        output.command(*variables(compute))
    return ExitCode.CANCELLED if cancelled else ExitCode.PASSED


def variables(compute: AzureMLCompute) -> Iterator[str]:
    """Output variables beside those of every platform."""
    yield commands.set_variable("Jobs", ",".join(compute.names), output=True)


async def _submitted(compute: AzureMLCompute, runs: Sequence[NotebookRun], tell: Callable[[str], None]) -> bool:
    """Whether it was cancelled, with the jobs that had been submitted by then."""
    stop = Stop()
    with cancel_on_signals(stop, watch_parent=True):
        await compute.submit(runs, tell, stop)
    return bool(stop)


def _service(platform: Platform, signed_in: SignedIn, wanted: AzureRequest) -> Service:
    """The workspace, by the SDK that the platform stands for. Raises UserError for what that cannot do."""
    workspace, credential, cloud = signed_in.workspace, signed_in.credential, signed_in.cloud
    if platform is Platform.AZUREML_V1:
        from amltasks.platforms.azureml.v1.bounds import refuse_unknown
        from amltasks.platforms.azureml.v1.service import ServiceV1

        refuse_unknown(wanted)
        return ServiceV1(workspace, credential, cloud, wanted.experiment)
    from amltasks.platforms.azureml.v2.service import ServiceV2

    return ServiceV2(workspace, credential, cloud)
