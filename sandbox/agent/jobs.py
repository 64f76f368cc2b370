"""How one job runs: its folders and variables, its steps in order, and what it leaves cleaned up."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

from sandbox.agent import process, steps
from sandbox.agent.execution import Execution, JobScope
from sandbox.agent.graph import Outcome
from sandbox.agent.pipeline import Job, Restrictions, Step
from sandbox.agent.predefined import AGENT_NAME, AGENT_VERSION, Directories
from sandbox.agent.steps import PlannedStep
from sandbox.agent.tasks import Catalogue
from sandbox.agent.variables import Variables
from sandbox.agent.verdict import Verdict


def run(
    job: Job, scope: JobScope, catalogue: Catalogue, directories: Directories, secrets: Mapping[str, str]
) -> Outcome:
    """Run all steps; secrets: variables that are masked and given to tasks, never to scripts."""
    builds, build_id = scope.builds, scope.build.id
    builds.update(build_id, scope.record_id, state="inProgress", worker_name=AGENT_NAME)
    for name, value in secrets.items():
        scope.masker.add_variable(value)
        scope.variables.set(name, value, secret=True)
    variables = scope.variables
    variables.expand_all()
    with _record(scope, "Initialize job", 1) as beginning:
        _introduce(beginning)
        directories.prepare(job.clean_workspace)
        variables.set(process.LOOKUP, scope.lookup_id)
        beginning.output("Start tracking orphan processes.")
    planned = plan(job, catalogue, scope)
    executions = [_pending(each, scope, order) for order, each in enumerate(planned, 2)]
    with scope.cancellation.telling(lambda: _start_deadline(job, scope)), _time_limit(job, scope):
        for each, execution in zip(planned, executions, strict=True):
            steps.run(each, execution)
    if scope.cancellation.requested:
        scope.status(Verdict.Canceled)
    with _record(scope, "Finalize Job", len(planned) + 2) as end:
        _clean_up(end)
    verdict = scope.verdict or Verdict.Succeeded
    if verdict is Verdict.Failed and job.continue_on_error:
        verdict = Verdict.SucceededWithIssues
    builds.update(build_id, scope.record_id, state="completed", result=verdict.wire)
    return Outcome(verdict, dict(scope.outputs))


def plan(job: Job, catalogue: Catalogue, scope: JobScope) -> list[PlannedStep]:
    """The steps in the order in which they run: pre-job parts, the steps, post-job parts in reverse."""
    main: list[PlannedStep] = []
    names: dict[str, int] = {}
    for step in with_checkout(job):
        if not step.enabled:
            continue
        definition = catalogue.find(step.task, f"job '{job.name}', step '{step.name}'")
        ref_name = step.name
        if not ref_name:
            count = names[definition.name] = names.get(definition.name, 0) + 1
            ref_name = definition.name if count == 1 else f"{definition.name}{count - 1}"
        shown = scope.variables.expand(step.display_name) or _default_display_name(step, definition.name, scope)
        main.append(PlannedStep(step, definition, ref_name, scope.masker.mask(shown), Variables(scope.masker)))
    before = [_phase(each, "prejobexecution") for each in main if "prejobexecution" in each.definition.handlers]
    after = [_phase(each, "postjobexecution") for each in main if _has_post_part(each)]
    return [*before, *(each for each in main if _has_main_part(each)), *reversed(after)]


def with_checkout(job: Job) -> tuple[Step, ...]:
    """The steps with what a job begins with unless it says otherwise: a checkout, or all artifacts to deploy."""
    if job.environment:
        return _with_download(job)
    checkouts = [step for step in job.steps if step.task == "Checkout@1"]
    kept = tuple(step for step in job.steps if step not in checkouts or step.inputs["repository"] != "none")
    return kept if checkouts else (Step("Checkout@1", job.place, {"repository": "self"}), *kept)


def _with_download(job: Job) -> tuple[Step, ...]:
    said = [step for step in job.steps if step.task.startswith("DownloadPipelineArtifact@")]
    none = [step for step in job.steps if step.task == "Checkout@1" and step.inputs["repository"] == "none"]
    kept = tuple(step for step in job.steps if step not in none)
    inputs = {"source": "current", "targetPath": "$(Pipeline.Workspace)"}
    return kept if said else (Step("DownloadPipelineArtifact@2", job.place, inputs), *kept)


def _has_main_part(planned: PlannedStep) -> bool:
    others = planned.definition.handlers.keys() - {"execution"}
    return planned.definition.run is not None or "execution" in planned.definition.handlers or not others


def _has_post_part(planned: PlannedStep) -> bool:
    return planned.definition.post is not None or "postjobexecution" in planned.definition.handlers


def _phase(planned: PlannedStep, phase: str) -> PlannedStep:
    prefix = "Pre-job: " if phase == "prejobexecution" else "Post-job: "
    return replace(planned, phase=phase, display_name=prefix + planned.display_name)


def _default_display_name(step: Step, task_name: str, scope: JobScope) -> str:
    if step.task != "Checkout@1":
        return task_name
    branch = scope.build.source_branch.removeprefix("refs/heads/")
    return f"Checkout {scope.build.repository}@{branch} to {step.inputs.get('path') or 's'}"


def _pending(planned: PlannedStep, scope: JobScope, order: int) -> Execution:
    definition = planned.definition
    record = scope.builds.record(
        scope.build.id,
        type="Task",
        name=planned.display_name,
        ref_name=planned.ref_name,
        parent=scope.record_id,
        order=order,
        task={"id": definition.id, "name": definition.name, "version": definition.version},
    )
    restrictions: tuple[Restrictions, ...] = (definition.restrictions, planned.step.target)
    return Execution(scope, record.id, planned.ref_name, restrictions)


@contextmanager
def _record(scope: JobScope, name: str, order: int) -> Iterator[Execution]:
    """A row of the timeline for what the agent itself does at the beginning and the end of a job."""
    record = scope.builds.record(
        scope.build.id, type="Task", name=name, ref_name="", parent=scope.record_id, order=order
    )
    execution = Execution(scope, record.id, "")
    execution.start()
    execution.section(f"Starting: {name}")
    yield execution
    execution.section(f"Finishing: {name}")
    execution.complete()


def _introduce(execution: Execution) -> None:
    variables = execution.job.variables
    execution.output(f"Agent name: '{AGENT_NAME}'")
    execution.output(f"Agent machine name: '{variables.get('Agent.MachineName')}'")
    execution.output(f"Current agent version: '{AGENT_VERSION}'")
    execution.output(f"Prepare build directory: {variables.get('Agent.BuildDirectory')}")


def _clean_up(execution: Execution) -> None:
    with suppress(FileNotFoundError):
        (execution.job.directory("Agent.TempDirectory") / ".taskkey").unlink()
    if (execution.job.variables.get("process.clean") or "true").lower() == "false":
        return
    execution.output("Start cleaning up orphan processes.")
    for pid, name in process.end_leftovers(execution.job.lookup_id):
        execution.output(f"Terminate orphan process: pid ({pid}) ({name})")


def _start_deadline(job: Job, scope: JobScope) -> None:
    """A canceled job has some minutes for what runs nevertheless (`always()`), then everything ends."""
    timer = threading.Timer(job.cancel_timeout * scope.timing.minute, scope.deadline.request)
    timer.daemon = True
    timer.start()


@contextmanager
def _time_limit(job: Job, scope: JobScope) -> Iterator[None]:
    """Cancel the job when it takes longer than its timeoutInMinutes; 0 is no limit here."""

    def end() -> None:
        message = (
            f"The job running on agent {AGENT_NAME} ran longer than the maximum time of {job.timeout} minutes. "
            "For more information, see https://go.microsoft.com/fwlink/?linkid=2077134"
        )
        scope.builds.issue(scope.build.id, scope.record_id, "error", message)
        scope.cancellation.request()

    timer = threading.Timer(job.timeout * scope.timing.minute, end)
    timer.daemon = True
    if job.timeout:
        timer.start()
    yield
    timer.cancel()
