"""How outcomes, times, sizes and whole results are said to people.

Plain text: whoever prints it makes it harmless first.
"""

from __future__ import annotations

from collections.abc import Sequence

from amltasks.report.model import CellOutcome, NotebookResult, Origin, Outcome, Report
from amltasks.report.traceback_text import condensed
from amltasks.sizes import size_words

OUTCOMES = {
    Outcome.PASSED: "Passed",
    Outcome.FAILED: "Failed",
    Outcome.TIMED_OUT: "Timed out",
    Outcome.KERNEL_DIED: "Kernel died",
    Outcome.KERNEL_MISSING: "No kernel",
    Outcome.INVALID: "Invalid",
    Outcome.CANCELLED: "Cancelled",
    Outcome.NOT_RUN: "Not run",
}
CELL_OUTCOMES = {
    CellOutcome.PASSED: "passed",
    CellOutcome.FAILED: "failed",
    CellOutcome.EXPECTED_ERROR: "error as expected",
    CellOutcome.ENDED_EARLY: "ended the notebook",
    CellOutcome.TIMED_OUT: "timed out",
    CellOutcome.KERNEL_DIED: "kernel died",
    CellOutcome.CANCELLED: "cancelled",
    CellOutcome.SKIPPED: "skipped",
    CellOutcome.NOT_EXECUTED: "not executed",
}

_EXECUTED = {
    CellOutcome.PASSED,
    CellOutcome.FAILED,
    CellOutcome.EXPECTED_ERROR,
    CellOutcome.ENDED_EARLY,
    CellOutcome.TIMED_OUT,
    CellOutcome.KERNEL_DIED,
    CellOutcome.CANCELLED,
}


def outcome_words(result: NotebookResult) -> str:
    """`Failed`, or `Failed, as expected`, or `Passed, but expected: failed`, or `Passed (reused)`."""
    words = OUTCOMES[result.outcome] + (" (reused)" if result.reused_from else "")
    if result.expected_outcome is Outcome.PASSED:
        return words
    return (
        f"{words}, as expected" if result.ok else f"{words}, but expected: {OUTCOMES[result.expected_outcome].lower()}"
    )


def origin_words(origin: Origin) -> str:
    """`build 20261121.3 of 2026-11-21 05:10 UTC`, or `a run of …` where there was no build."""
    return f"{f'build {origin.build}' if origin.build else 'a run'} of {origin.at:%Y-%m-%d %H:%M} UTC"


def duration_words(seconds: float | None) -> str:
    """`0.42 s`, `12.3 s`, `3 min 5 s`, `2 h 10 min`; empty where nothing was measured."""
    if seconds is None:
        return ""
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def ending(result: NotebookResult) -> str:
    """The same within a sentence: `failed, as expected`."""
    words = outcome_words(result)
    return words[0].lower() + words[1:]


def cells_done(result: NotebookResult) -> str:
    """`3/12`: executed code cells of all that there were to execute; empty where nothing is known of cells."""
    done, to_execute = cell_counts(result)
    return f"{done}/{to_execute}" if to_execute else ""


def cell_counts(result: NotebookResult) -> tuple[int, int]:
    """Code cells that were executed, and all that there were to execute."""
    to_execute = [cell for cell in result.cells if cell.outcome is not CellOutcome.SKIPPED]
    return sum(cell.outcome in _EXECUTED for cell in to_execute), len(to_execute)


def count_of(results: Sequence[object]) -> str:
    """`1 notebook`, `3 notebooks`: each parameter set counts."""
    return "1 notebook" if len(results) == 1 else f"{len(results)} notebooks"


def summary(report: Report) -> str:
    """One sentence about all results: `2 of 5 notebooks failed.`"""
    total, failed = len(report.results), len(report.failed)
    if report.cancelled:
        return f"Cancelled: {len(report.passed)} of {count_of(report.results)} had passed by then."
    if not total:
        return "No notebooks were run."
    if not failed:
        return "The notebook passed." if total == 1 else f"All {total} notebooks passed."
    return "The notebook failed." if total == 1 else f"{failed} of {total} notebooks failed."


def error_lines(result: NotebookResult, limit: int = 30) -> list[str]:
    """What tells most of the failing cell's traceback, or what is known of a kernel's death; empty without either."""
    cell, death = result.failing_cell, result.kernel_death
    if death:
        known = [
            f"signal: {death.signal}" if death.signal else "",
            f"exit code: {death.exit_code}" if death.exit_code is not None else "",
            f"peak memory: {size_words(death.peak_memory)}" if death.peak_memory else "",
            f"out of memory: {death.out_of_memory}" if death.out_of_memory else "",
            "last output:" if death.last_output else "",
        ]
        return [line for line in known if line] + last_lines(death.last_output, limit)
    if cell and cell.error:
        shown = last_lines(condensed(cell.error.traceback, 2000), limit)
        return shown or [f"{cell.error.name}: {cell.error.value}"]
    return []


def last_lines(text: str, limit: int) -> list[str]:
    """The last lines of a text, with a word about those left out."""
    lines = text.strip("\n").splitlines() if text.strip() else []
    if len(lines) <= limit + 1:  # a word about one line takes a line
        return lines
    return [f"… {len(lines) - limit} lines above …", *lines[-limit:]]


def source_lines(source: str, limit: int = 30) -> list[str]:
    """The cell's source with line numbers."""
    lines = source.strip("\n").splitlines()
    numbered = [f"{number:>3} | {line}" for number, line in enumerate(lines[:limit], 1)]
    return numbered if len(lines) <= limit else [*numbered, f"    … {len(lines) - limit} more lines …"]
