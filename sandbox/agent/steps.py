"""How one step runs: condition, time-out, attempts, what is left for its end, and what that means for the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.agent import expressions
from sandbox.agent.cancellation import Cancellation
from sandbox.agent.errors import Canceled, StepError
from sandbox.agent.execution import Execution
from sandbox.agent.expressions import ExpressionError, Function, Scope
from sandbox.agent.invocation import prepare
from sandbox.agent.pipeline import Step
from sandbox.agent.tasks import TaskDefinition
from sandbox.agent.variables import Variables
from sandbox.agent.verdict import Verdict, merge

MAX_RETRIES = 10
_LINE = "=" * 78


@dataclass(frozen=True)
class PlannedStep:
    """A step of a job with the task that it stands for. phase: execution, prejobexecution or postjobexecution."""

    step: Step
    definition: TaskDefinition
    ref_name: str
    display_name: str
    task_variables: Variables
    phase: str = "execution"

    @property
    def condition(self) -> str:
        return "always()" if self.phase == "postjobexecution" else self.step.condition or "succeeded()"


def run(planned: PlannedStep, execution: Execution) -> None:
    """Run a step to its end; never raises for what happens inside of it."""
    job = execution.job
    execution.start()
    for warning in job.variables.expand_all():
        execution.warning(warning)
    if job.cancellation.requested:
        job.status(Verdict.Canceled)
        _run_if_wanted(planned, execution)
    else:
        with job.cancellation.telling(lambda: _cancel(planned, execution)):
            _run_if_wanted(planned, execution)
    if execution.verdict in (Verdict.SucceededWithIssues, Verdict.Failed):
        job.status(merge(job.verdict, execution.verdict))


def _run_if_wanted(planned: PlannedStep, execution: Execution) -> None:
    try:
        wanted = not execution.job.deadline.requested and evaluate(planned.condition, execution)
    except ExpressionError as error:
        execution.error(str(error))
        execution.complete(Verdict.Failed)
        return
    if wanted:
        _run_wanted(planned, execution)
    else:
        execution.output(f"Skipping step due to condition evaluation.\nEvaluating: {planned.condition}\nResult: False")
        execution.complete(Verdict.Skipped)


def evaluate(condition: str, execution: Execution) -> bool:
    """A step's condition, with the job as it stands."""
    job = execution.job
    verdict = job.verdict or Verdict.Succeeded
    functions: dict[str, Function] = {
        "always": lambda: True,
        "canceled": lambda: verdict is Verdict.Canceled,
        "failed": lambda: verdict is Verdict.Failed,
        "succeeded": lambda: verdict.good,
        "succeededOrFailed": lambda: verdict <= Verdict.Failed,
    }
    variables = {variable.name: variable.value for variable in job.variables.all()}
    return expressions.to_bool(expressions.parse(condition).evaluate(Scope({"variables": variables}, functions)))


def _cancel(planned: PlannedStep, execution: Execution) -> None:
    """The job was canceled while the step runs: stop it, unless its condition holds for a canceled job too."""
    execution.job.status(Verdict.Canceled)
    if not evaluate(planned.condition, execution):
        execution.error("The Operation will be canceled. The next steps may not contain expected logs.")
        execution.cancellation.request()


def _run_wanted(planned: PlannedStep, execution: Execution) -> None:
    execution.section(f"Starting: {planned.display_name}")
    seconds = planned.step.timeout * execution.job.timing.minute or None
    with execution.cancellation.after(seconds), execution.job.deadline.telling(execution.cancellation.request):
        _guarded(execution, lambda: _attempts(planned, execution))
        for name, action in execution.pending:
            execution.section(f"Async Command Start: {name}")
            _guarded_command(execution, action)
            execution.section(f"Async Command End: {name}")
    if execution.command_verdict is not None:
        execution.verdict = merge(execution.verdict, execution.command_verdict)
    if execution.verdict is Verdict.Failed and planned.step.continue_on_error:
        execution.verdict = Verdict.SucceededWithIssues
    execution.section(f"Finishing: {planned.display_name}")
    execution.complete()


def _guarded(execution: Execution, action: Callable[[], None]) -> None:
    """Turn what a step raises into its verdict, as the agent does."""
    try:
        action()
    except Canceled as error:
        if execution.job.cancellation.requested:
            execution.error(str(error))
            execution.verdict = Verdict.Canceled
        else:
            execution.error("The task has timed out.")
            execution.verdict = Verdict.Failed
    except (StepError, OSError) as error:
        execution.error(str(error))
        execution.verdict = Verdict.Failed


def _guarded_command(execution: Execution, action: Callable[[], None]) -> None:
    try:
        action()
    except (StepError, OSError) as error:
        execution.error(str(error))
        execution.command_verdict = merge(execution.command_verdict, Verdict.Failed)


def _attempts(planned: PlannedStep, execution: Execution) -> None:
    """The task, and again while it fails: after 1, 4, 9, … seconds, in the same folder with all it left behind."""
    retries = planned.step.retries
    if retries > MAX_RETRIES:
        execution.warning(
            f"The maximum allowed number of attempts is {MAX_RETRIES} but got {retries}. Retry attempts count will be "
            f"decreased to {MAX_RETRIES}."
        )
        retries = MAX_RETRIES
    for attempt in range(retries + 1):
        last = attempt == retries
        delay = (attempt + 1) ** 2
        again = f"will retry (attempt #: {attempt + 1}"
        try:
            _run_task(planned, execution)
        except (StepError, OSError) as error:
            if last:
                raise
            execution.warning(f"RetryHelper encountered exception, {again} {error}) afer {delay * 1000} ms")
        else:
            if last or execution.verdict is not Verdict.Failed:
                return
            execution.verdict = None
            execution.warning(
                f"RetryHelper encountered task failure, {again} out of {retries}) after {delay * 1000} ms"
            )
        if execution.cancellation.wait(delay * execution.job.timing.retry):
            raise Canceled


def _run_task(planned: PlannedStep, execution: Execution) -> None:
    definition = planned.definition
    execution.released = Cancellation()
    _print_metadata(definition, execution)
    execution.output_names = frozenset(name.lower() for name in definition.outputs)
    execution.task_variables = planned.task_variables
    with execution.job.variables.scope(_step_variables(planned, execution)):
        invocation = prepare(execution, definition, planned.step.inputs, planned.step.env)
        own = definition.post if planned.phase == "postjobexecution" else definition.run
        if own is not None:
            own(invocation)
        else:
            handler = definition.handlers.get(planned.phase)
            if handler is None:
                raise StepError(
                    "The current operating system is not capable of running this task. That typically means the task "
                    "was written for Windows only. For example, written for Windows Desktop PowerShell."
                )
            invocation.run_handler(handler)


def _step_variables(planned: PlannedStep, execution: Execution) -> Mapping[str, str]:
    return {
        "task.displayname": planned.display_name,
        "system.TaskInstanceId": execution.record_id,
        "system.TaskDisplayName": planned.display_name,
        "system.TaskInstanceName": planned.ref_name,
    }


def _print_metadata(definition: TaskDefinition, execution: Execution) -> None:
    for line in (
        _LINE,
        f"Task         : {definition.friendly_name}",
        f"Description  : {definition.description}",
        f"Version      : {definition.version}",
        f"Author       : {definition.author}",
        f"Help         : {definition.help}",
        _LINE,
    ):
        execution.output(line)
