"""Notebooks as test results: how a report is said in the terms of Azure DevOps. Pure mapping, no requests.

One run for each invocation of the task, one result for each notebook × parameter set, one sub-result for each code
cell of it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from amltasks.devops.pipeline import PipelineContext
from amltasks.devops.sdk import models
from amltasks.report.checks import Check, CheckOutcome
from amltasks.report.model import CellOutcome, CellResult, NotebookResult, Outcome
from amltasks.report.traceback_text import condensed

LONGEST_TEXT = 1000  # of comments and stack traces, as documented; kept for error messages too
LONGEST_NAME = 256
MOST_SUB_RESULTS = 1000  # in one result: more is said to be refused
UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
NOTEBOOKS, CHECKS = "notebooks", "checks"  # tags of runs: what their results are of

Redact = Callable[[str], str]

OUTCOMES = {
    Outcome.PASSED: "Passed",
    Outcome.FAILED: "Failed",
    Outcome.TIMED_OUT: "Timeout",
    Outcome.KERNEL_DIED: "Failed",
    Outcome.KERNEL_MISSING: "Failed",
    Outcome.INVALID: "Failed",
    Outcome.CANCELLED: "Aborted",
    Outcome.NOT_RUN: "NotExecuted",
}
CELL_OUTCOMES = {
    CellOutcome.PASSED: "Passed",
    CellOutcome.FAILED: "Failed",
    CellOutcome.EXPECTED_ERROR: "Passed",
    CellOutcome.ENDED_EARLY: "Passed",
    CellOutcome.TIMED_OUT: "Timeout",
    CellOutcome.KERNEL_DIED: "Failed",
    CellOutcome.CANCELLED: "Aborted",
    CellOutcome.SKIPPED: "NotExecuted",
    CellOutcome.NOT_EXECUTED: "NotExecuted",
}

CHECK_OUTCOMES = {
    CheckOutcome.PASSED: "Passed",
    CheckOutcome.FAILED: "Failed",
    CheckOutcome.UNKNOWN: "Inconclusive",
    CheckOutcome.NOT_RUN: "NotExecuted",
}


def marker(title: str, pipeline: PipelineContext) -> str:
    """The tag by which a retry of the task finds the run that an earlier try has made.

    Tags are alphanumeric and shorter than 30 characters.
    """
    source = "\n".join([title, str(pipeline.build_id or pipeline.release_id), pipeline.invocation])
    return "amltasks" + hashlib.sha256(source.encode()).hexdigest()[:20]


def names_of(runs: Iterable[tuple[str, str]], redact: Redact = str) -> dict[str, str]:
    """Test names by run_id: the notebook's title, with the run_id where two would have the same one.

    runs: run_id and title.
    """
    titles = {run_id: cut(redact(title), LONGEST_NAME) for run_id, title in runs}
    counts = Counter(titles.values())
    return {
        run_id: title if counts[title] == 1 else cut(title, LONGEST_NAME // 2) + f" ({run_id})"[: LONGEST_NAME // 2]
        for run_id, title in titles.items()
    }


def run_to_create(
    title: str, marker: str, started_at: datetime, pipeline: PipelineContext, tag: str = NOTEBOOKS
) -> Any:
    """The RunCreateModel of a run that is InProgress. tag: what its results are of."""
    return models.RunCreateModel(
        name=cut(title, LONGEST_NAME),
        automated=True,  # else the run is taken for a manual one and stays out of the build's Tests tab
        state="InProgress",
        start_date=_time(started_at),
        build=models.ShallowReference(id=str(pipeline.build_id)) if pipeline.build_id else None,
        build_reference=models.BuildConfiguration(target_branch_name=pipeline.target_branch)
        if pipeline.target_branch
        else None,
        release_uri=pipeline.release_uri or None,
        release_environment_uri=pipeline.release_environment_uri or None,
        pipeline_reference=_pipeline_reference(pipeline) if pipeline.build_id else None,
        tags=[models.TestTag(name=tag), models.TestTag(name=marker)],
    )


def run_to_close(finished_at: datetime, *, cancelled: bool, comment: str = "") -> Any:
    """The RunUpdateModel that completes a run, or aborts it where the pipeline was cancelled."""
    return models.RunUpdateModel(
        state="Aborted" if cancelled else "Completed",
        substate="canceledByUser" if cancelled else None,
        completed_date=_time(finished_at),
        comment=cut(comment) or None,
    )


def run_to_reopen() -> Any:
    return models.RunUpdateModel(state="InProgress", substate="none")


def result_to_add(
    result: NotebookResult,
    name: str,
    *,
    computer: str = "",
    notes: Sequence[str] = (),
    redact: Redact = str,
    plain: bool = False,
) -> Any:
    """The TestCaseResult of a notebook that will not change any more.

    name: as `names_of` gives it; what history is kept by, with the notebook's path. notes: added to the comment.
    plain: without what a service may refuse, which is the cells as sub-results and the owner.
    """
    shown = () if plain else result.cells
    left_out = [f"Its {len(result.cells)} cells are not shown."] if plain and result.cells else []
    if len(shown) > MOST_SUB_RESULTS:
        left_out = [f"Only the first {MOST_SUB_RESULTS} of {len(shown)} cells are shown."]
    failing = None if result.ok else result.failing_cell
    trace = failing.error.traceback if failing is not None and failing.error is not None else ""
    started, completed, milliseconds = _times(result.started_at, result.duration)
    return models.TestCaseResult(
        test_case_title=cut(redact(result.title), LONGEST_NAME),
        automated_test_name=name,
        automated_test_storage=cut(redact(result.notebook), LONGEST_NAME),
        automated_test_type="Jupyter",
        outcome=outcome_of(result),
        state="Completed",
        started_date=started,
        completed_date=completed,
        duration_in_ms=milliseconds,
        error_message="" if result.ok else cut(redact(result.message)),
        stack_trace=cut_front(condensed(redact(trace), LONGEST_TEXT)),
        comment=cut(redact("\n".join(_comment_lines(result, [*left_out, *notes])))),
        computer_name=computer or None,
        owner=_identity(redact(result.owner)) if result.owner and not plain else None,
        result_group_type="generic" if shown else None,
        sub_results=[_sub_result(cell, number, redact) for number, cell in enumerate(shown[:MOST_SUB_RESULTS], start=1)]
        or None,
    )


def check_to_add(
    check: Check, name: str, *, computer: str = "", notes: Sequence[str] = (), redact: Redact = str
) -> Any:
    """The TestCaseResult of a check. name: as `names_of` gives it. What is unknown is Inconclusive."""
    started, completed, milliseconds = _times(check.started_at, check.duration)
    told = () if check.ok else (check.message,)
    comment = [*([] if told else [check.message, check.details]), *notes]
    return models.TestCaseResult(
        test_case_title=cut(redact(check.name), LONGEST_NAME),
        automated_test_name=name,
        automated_test_storage=cut(redact(check.group), LONGEST_NAME),
        automated_test_type="Check",
        outcome=CHECK_OUTCOMES[check.outcome],
        state="Completed",
        started_date=started,
        completed_date=completed,
        duration_in_ms=milliseconds,
        error_message=cut(redact(check.message)) if told else "",
        stack_trace=cut(redact(check.details)) if told else "",
        comment=cut(redact("\n".join(filter(None, comment)))),
        computer_name=computer or None,
    )


def outcome_of(result: NotebookResult) -> str:
    """Passed is what came out as expected; failed, too, what passed and should not have."""
    if result.ok:
        return "Passed"
    return "Failed" if result.outcome == Outcome.PASSED else OUTCOMES[result.outcome]


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """The beginning of a long text. longest: in UTF-16 units, as .NET counts characters."""
    units, mark = _clean(text).encode("utf-16-le"), " … (cut)"
    if len(units) <= 2 * longest:
        return units.decode("utf-16-le")
    return units[: 2 * (longest - len(mark))].decode("utf-16-le", "ignore") + mark


def cut_front(text: str, longest: int = LONGEST_TEXT) -> str:
    """The end of a long text: where a traceback tells most."""
    units, mark = _clean(text).encode("utf-16-le"), "(cut: all of it is in the executed notebook) … "
    if len(units) <= 2 * longest:
        return units.decode("utf-16-le")
    return mark + units[-2 * (longest - len(mark)) :].decode("utf-16-le", "ignore")


def _sub_result(cell: CellResult, number: int, redact: Redact) -> Any:
    started, completed, milliseconds = _times(cell.started_at, cell.duration or 0.0)
    error = cell.error
    return models.TestSubResult(
        sequence_id=number,
        display_name=cut(redact(cell.title), LONGEST_NAME) or f"Cell {number}",
        outcome=CELL_OUTCOMES[cell.outcome],
        started_date=started,
        completed_date=completed,
        duration_in_ms=milliseconds,
        error_message=cut(redact(f"{error.name}: {error.value}")) if error else None,
        stack_trace=cut_front(condensed(redact(error.traceback), LONGEST_TEXT)) if error and error.traceback else None,
        comment={CellOutcome.EXPECTED_ERROR: "Raised as expected.", CellOutcome.ENDED_EARLY: "Ended the notebook."}.get(
            cell.outcome
        ),
    )


def _comment_lines(result: NotebookResult, notes: Sequence[str]) -> list[str]:
    lines = []
    if result.ok and result.outcome != Outcome.PASSED:
        lines.append(f"As expected: {result.message or result.outcome.value}")
    lines += [*notes, *result.notes]
    if result.leaks:
        lines.append(f"Secrets were taken out of its outputs: {', '.join(result.leaks)}.")
    if result.parameters:
        lines.append("Parameters: " + ", ".join(f"{name}={value!r}" for name, value in result.parameters.items()))
    return lines


def _times(started: datetime | None, duration: float) -> tuple[datetime | None, datetime | None, int]:
    """Start, end and milliseconds; an end that is not after the start is refused."""
    milliseconds = max(1, round(duration * 1000))
    if started is None:
        return None, None, round(duration * 1000)
    return started, started + timedelta(milliseconds=milliseconds), milliseconds


def _pipeline_reference(pipeline: PipelineContext) -> Any:
    """pipelineId is the build's id, not the definition's."""
    stage, phase, job = pipeline.stage, pipeline.phase, pipeline.job
    return models.PipelineReference(
        pipeline_id=pipeline.build_id,
        stage_reference=stage and models.StageReference(stage_name=stage.name, attempt=stage.attempt),
        phase_reference=phase and models.PhaseReference(phase_name=phase.name, attempt=phase.attempt),
        job_reference=job and models.JobReference(job_name=job.name, attempt=job.attempt),
    )


def _identity(owner: str) -> Any:
    """A name as it stands in a test: the service need not know such a person."""
    return models.IdentityRef(display_name=owner, directory_alias=owner)


def _clean(text: str) -> str:
    """Without control characters and halves of surrogate pairs, which services refuse or choke on."""
    return UNWANTED.sub("\N{REPLACEMENT CHARACTER}", text)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
