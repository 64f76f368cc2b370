"""Run notebooks: a request in, a published report out."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone

from amltasks.cancellation import cancel_on_signals
from amltasks.commands.exit_codes import ExitCode
from amltasks.errors import UserError
from amltasks.notebooks.plan import Plan, interpreter_of, plan_runs
from amltasks.notebooks.suite import Suite
from amltasks.past.earlier import Earlier
from amltasks.platforms.base import Compute, OpenCompute, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.platforms.local.outside import WritesTold
from amltasks.platforms.local.zygotes import Zygotes
from amltasks.redaction import Redactor
from amltasks.report.html_file import Look, add_page
from amltasks.report.model import NotebookResult, Origin, Report
from amltasks.report.publisher import Publisher
from amltasks.report.publishers import Publishers
from amltasks.requests import RunNotebooksRequest

DEFAULT_TITLE = "Notebooks"
# After a cancel the launcher waits seven seconds; two of them are the kernels'. After runTimeout there are as many.
SECONDS_TO_PUBLISH_AT_THE_END = 4.0
# Of runTimeout, so that it bounds the whole command: publishing and pages included.
SHARE_TO_PUBLISH, MOST_SECONDS_TO_PUBLISH = 0.1, 60.0


def run_notebooks(
    request: RunNotebooksRequest,
    publishers: Sequence[Publisher],
    secrets: Mapping[str, str],
    *,
    pages: bool = True,
    look: Look | None = None,
    watch_parent: bool = False,
    compute: OpenCompute | None = None,
    origin: Origin | None = None,
) -> Report:
    """Run and publish all that the request names.

    secrets: name → value of all that must not be seen, beside the request's secretParameters. pages: make the HTML
    page of each result. look: shown each executed notebook of which a page is made. watch_parent: stop when the
    process that started this one is gone. compute: one that has begun to get warm; closed here. origin: what later
    runs call this one.
    Raises UserError where the request cannot be carried out at all.
    """
    compute = _telling(compute or _compute(request), request)
    with contextlib.closing(compute):
        plan = plan_runs(request)
        compute.preload(plan.preload)
        _refuse_secrets(plan, Redactor(secrets))
        runs = [run.model_copy(update={"secrets": {**secrets, **run.secrets}}) for run in plan.runs]
        plan = dataclasses.replace(plan, runs=tuple(runs))
        origin = origin or Origin(at=datetime.now(timezone.utc))
        earlier = Earlier(request, [run for run in runs if run.run_id not in plan.settled], origin)

        def finish(result: NotebookResult) -> NotebookResult:
            result = earlier.finished(result)
            notes = (*plan.notes.get(result.run_id, ()), *result.notes)
            result = result.model_copy(update={"notes": notes})
            return add_page(result, look) if pages else result

        return asyncio.run(_run(request, plan, earlier, compute, Publishers(publishers), finish, watch_parent))


def _compute(request: RunNotebooksRequest) -> OpenCompute:
    zygotes = Zygotes()
    if not request.kernel:
        zygotes.begin(interpreter_of(request))
    return LocalCompute.warm(zygotes)


def _telling(compute: OpenCompute, request: RunNotebooksRequest) -> OpenCompute:
    """Has results say what was written outside of the output folder, where that happens on this machine."""
    if not isinstance(compute, LocalCompute):
        return compute
    aside = [folder for folder in (request.output_folder, request.cache_folder) if folder is not None]
    return WritesTold(compute, request.root, aside)


def exit_code(report: Report, request: RunNotebooksRequest) -> ExitCode:
    """From the report alone. What could not be published does not change what became of the notebooks."""
    if report.cancelled:
        return ExitCode.CANCELLED
    if request.fail_on.fails(len(report.failed), len(report.results)) or (request.strict_secrets and leaking(report)):
        return ExitCode.NOTEBOOKS_FAILED
    return ExitCode.PASSED


def leaking(report: Report) -> tuple[NotebookResult, ...]:
    """The results in whose outputs a secret was found."""
    return tuple(result for result in report.results if result.leaks)


def _refuse_secrets(plan: Plan, redactor: Redactor) -> None:
    """Parameters are saved in the executed notebook, and the code that reads them shows them: no place for secrets."""
    for run in plan.runs:
        for name, value in run.parameters.items():
            if redactor.value(value) != value:
                raise UserError(
                    f"parameters: {name} holds a secret, and parameters are saved in the notebook: "
                    f"pass it by secretParameters and read it from the environment."
                )


async def _run(
    request: RunNotebooksRequest,
    plan: Plan,
    earlier: Earlier,
    compute: Compute,
    publishers: Publishers,
    finish: Callable[[NotebookResult], NotebookResult],
    watch_parent: bool,
) -> Report:
    stop = Stop()
    ends = math.inf if request.run_timeout is None else time.monotonic() + request.run_timeout

    suite = Suite(
        compute,
        publishers,
        max_parallel=request.max_parallel,
        stop=stop,
        run_timeout=_time_to_run(request.run_timeout),
        finish=finish,
        demands=earlier.demands,
        max_memory=request.max_memory,
        enough=lambda failed, total: request.fail_fast and request.fail_on.fails(failed, total),
    )
    with cancel_on_signals(stop, watch_parent=watch_parent):
        report = await suite.run(request.title or DEFAULT_TITLE, plan.runs, plan.settled | earlier.results)
        report = await asyncio.to_thread(earlier.leave, report)
        publishing = asyncio.ensure_future(asyncio.to_thread(publishers.complete, report, _deadline(stop, ends)))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait([publishing, stopping], return_when=asyncio.FIRST_COMPLETED)
        if stop.reason == "cancelled" and not publishing.done():
            publishers.hurry(time.monotonic() + SECONDS_TO_PUBLISH_AT_THE_END)
        stopping.cancel()
        return await publishing


def _deadline(stop: Stop, ends: float) -> float | None:
    """When all must be published. ends: of the runTimeout."""
    soon = time.monotonic() + SECONDS_TO_PUBLISH_AT_THE_END
    if stop.reason == "cancelled":
        return soon
    return None if ends == math.inf else max(ends, soon)


def _time_to_run(run_timeout: float | None) -> float | None:
    return None if run_timeout is None else run_timeout - min(run_timeout * SHARE_TO_PUBLISH, MOST_SECONDS_TO_PUBLISH)
