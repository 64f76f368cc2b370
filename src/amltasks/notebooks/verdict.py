"""The verdict: from the executed notebook and what was seen to outcomes and one sentence. Pure.

It never trusts an exit code or papermill's metadata, only what the kernel answered cell by cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from amltasks.notebooks.cells import is_executed, numbered, one_line, tags, titles
from amltasks.notebooks.records import CellEnding, CellRecord, EndingReason, RunEnding
from amltasks.notebooks.tracebacks import plain, shorten
from amltasks.report.model import CellError, CellOutcome, CellResult, KernelDeath, Outcome

LONGEST_SOURCE = 20_000  # characters of a cell that a result keeps; the notebook has them all
LONGEST_MESSAGE = 600

_OUTCOMES = {
    EndingReason.COMPLETED: Outcome.PASSED,
    EndingReason.EXITED: Outcome.PASSED,
    EndingReason.FAILED: Outcome.FAILED,
    EndingReason.CELL_TIMEOUT: Outcome.TIMED_OUT,
    EndingReason.NOTEBOOK_TIMEOUT: Outcome.TIMED_OUT,
    EndingReason.RUN_TIMEOUT: Outcome.TIMED_OUT,
    EndingReason.CANCELLED: Outcome.CANCELLED,
    EndingReason.DIED: Outcome.KERNEL_DIED,
    EndingReason.NOT_STARTED: Outcome.KERNEL_DIED,
}


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    message: str
    cells: tuple[CellResult, ...]
    notes: tuple[str, ...]


def judge(
    notebook: NotebookNode, indices: Sequence[int | None], records: Sequence[CellRecord], ending: RunEnding
) -> Verdict:
    """notebook: as executed. indices: position → index in the input. records: the cells that were begun, in order."""
    cells = cell_results(notebook, indices, records)
    numbers = {position: number for position, number, _ in numbered(notebook)}
    last = next((cell for cell in cells if records and cell.position == records[-1].position), None)
    where = f'Cell {numbers[last.position]} "{last.title}"' if last else ""
    outcome = _OUTCOMES[ending.reason]
    notes: tuple[str, ...] = ()
    left = sum(cell.outcome == CellOutcome.NOT_EXECUTED for cell in cells)
    if ending.reason is EndingReason.EXITED and last:
        notes = (f"{where} ended the notebook early; {_count(left, 'cell was', 'cells were')} not executed.",)
    message = "" if outcome is Outcome.PASSED else _message(where, last, ending)
    return Verdict(outcome, one_line(message, LONGEST_MESSAGE), cells, notes)


def cell_results(
    notebook: NotebookNode, indices: Sequence[int | None], records: Sequence[CellRecord]
) -> tuple[CellResult, ...]:
    """One result for each code cell."""
    seen = {record.position: record for record in records}
    names = titles(notebook)
    return tuple(
        cell_result(notebook, position, indices[position], names[position], seen.get(position)) for position in names
    )


def cell_result(
    notebook: NotebookNode, position: int, index: int | None, title: str, record: CellRecord | None
) -> CellResult:
    cell = notebook.cells[position]
    source = cell.source if len(cell.source) <= LONGEST_SOURCE else cell.source[:LONGEST_SOURCE] + "\n… cut here …"
    return CellResult(
        index=index,
        position=position,
        title=title,
        outcome=_cell_outcome(cell, record),
        source=source,
        started_at=record.started_at if record else None,
        duration=record.duration if record else None,
        error=_cleaned(record.error) if record and record.error else None,
    )


def is_failure(cell: NotebookNode, record: CellRecord) -> bool:
    """Whether this cell ends the notebook as failed."""
    return _cell_outcome(cell, record) is CellOutcome.FAILED


def ends_early(record: CellRecord) -> bool:
    """Whether the cell asked to end the notebook well: exit(), quit(), sys.exit() with code 0."""
    if record.ending is CellEnding.EXITED:
        return True
    error = record.error
    return bool(
        record.ending is CellEnding.ERROR and error and error.name == "SystemExit" and error.value in {"", "0", "None"}
    )


def _cell_outcome(cell: NotebookNode, record: CellRecord | None) -> CellOutcome:
    if record is None:
        return CellOutcome.NOT_EXECUTED if is_executed(cell) else CellOutcome.SKIPPED
    if ends_early(record):
        return CellOutcome.ENDED_EARLY
    if record.ending is CellEnding.ERROR:
        return CellOutcome.EXPECTED_ERROR if "raises-exception" in tags(cell) else CellOutcome.FAILED
    return {
        CellEnding.OK: CellOutcome.PASSED,
        CellEnding.TIMED_OUT: CellOutcome.TIMED_OUT,
        CellEnding.DIED: CellOutcome.KERNEL_DIED,
        CellEnding.STOPPED: CellOutcome.CANCELLED,
    }[record.ending]


def _cleaned(error: CellError) -> CellError:
    return CellError(
        name=one_line(plain(error.name), 200),
        value=shorten(plain(error.value), lines=40, characters=4_000),
        traceback=shorten(plain(error.traceback)),
    )


def _message(where: str, last: CellResult | None, ending: RunEnding) -> str:
    detail = f" ({ending.detail})" if ending.detail else ""
    limit = _duration(ending.limit)
    reason = ending.reason
    if reason is EndingReason.FAILED:
        error = last.error if last else None
        said = one_line(error.value, 300) if error else ""
        if error and error.name == "StdinNotImplementedError":
            return f"{where} asked for input, which nobody can give here; make it a parameter."
        if error and error.name == "SystemExit":
            return f"{where} ended the notebook with sys.exit({said})."
        return f"{where} raised {error.name}{': ' if said else ''}{said}{detail}" if error else f"{where} failed."
    if reason is EndingReason.CELL_TIMEOUT:
        return f"{where} took longer than the cell time-out of {limit}{detail}."
    during = f" in {where[0].lower()}{where[1:]}" if where else ""
    if reason is EndingReason.NOTEBOOK_TIMEOUT:
        return f"The notebook took longer than its time-out of {limit}{during}{detail}."
    if reason is EndingReason.RUN_TIMEOUT:
        return f"The time for the whole run was up{during}{detail}."
    if reason is EndingReason.CANCELLED:
        return f"The run was cancelled{during}{detail}."
    if reason is EndingReason.NOT_STARTED:
        return f"The kernel did not start: {ending.detail}."
    if ending.death and ending.death.limit:
        return f"The notebook was ended{during}: {ending.death.limit}{detail}."
    return f"The kernel died{during}: {_cause(ending.death)}{detail}."


def _cause(death: KernelDeath | None) -> str:
    if death is None:
        return "its process ended"
    cause = death.signal or (f"it ended with exit code {death.exit_code}" if death.exit_code is not None else "")
    cause = cause or "its process ended"
    if death.out_of_memory:
        cause += f"; out of memory: {death.out_of_memory}"
    if death.peak_memory:
        size = death.peak_memory / 2**20
        cause += f"; it had used up to {f'{size / 1024:.1f} GiB' if size >= 1024 else f'{size:.0f} MiB'}"
    return cause


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "none"
    if seconds >= 60 and seconds % 60 == 0:
        return _count(int(seconds // 60), "minute", "minutes")
    return f"{seconds:g} s"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
