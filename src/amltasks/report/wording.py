"""How logs and terminals put a report into words. Plain text: whoever prints it makes it harmless first."""

from __future__ import annotations

from collections.abc import Sequence

from amltasks.report.model import CellOutcome, NotebookResult, Outcome, Report

OUTCOME_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.TIMED_OUT: "timed out",
    Outcome.KERNEL_DIED: "kernel died",
    Outcome.KERNEL_MISSING: "kernel missing",
    Outcome.INVALID: "invalid",
    Outcome.CANCELLED: "cancelled",
    Outcome.NOT_RUN: "not run",
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


def seconds(duration: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if duration < 9.95:
        return f"{duration:.1f} s"
    whole = round(duration)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def size(count: float) -> str:
    """Bytes as `512 bytes`, `1.5 MB`, `12 GB`."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000 or unit == "GB":
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    raise AssertionError


def ending(result: NotebookResult) -> str:
    """The outcome, and what was expected where that matters: `failed, as expected`."""
    word = OUTCOME_WORDS[result.outcome]
    if result.expected_outcome is Outcome.PASSED:
        return word
    return f"{word}, as expected" if result.ok else f"{word}, not {OUTCOME_WORDS[result.expected_outcome]} as expected"


def cells_done(result: NotebookResult) -> str:
    """`3/12`: executed code cells of all that there were to execute; empty where nothing is known of cells."""
    to_execute = [cell for cell in result.cells if cell.outcome is not CellOutcome.SKIPPED]
    return f"{sum(cell.outcome in _EXECUTED for cell in to_execute)}/{len(to_execute)}" if to_execute else ""


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


def error_lines(result: NotebookResult, limit: int = 15) -> list[str]:
    """The end of the failing cell's traceback, or what is known of a kernel's death; empty where there is neither."""
    cell, death = result.failing_cell, result.kernel_death
    if death:
        known = [
            f"signal: {death.signal}" if death.signal else "",
            f"exit code: {death.exit_code}" if death.exit_code is not None else "",
            f"peak memory: {size(death.peak_memory)}" if death.peak_memory else "",
            f"out of memory: {death.out_of_memory}" if death.out_of_memory else "",
            "last output:" if death.last_output else "",
        ]
        return [line for line in known if line] + last_lines(death.last_output, limit)
    if cell and cell.error:
        return last_lines(cell.error.traceback, limit) or [f"{cell.error.name}: {cell.error.value}"]
    return []


def last_lines(text: str, limit: int) -> list[str]:
    """The last lines of a text, with a word about those left out."""
    lines = text.strip("\n").splitlines() if text.strip() else []
    if len(lines) <= limit:
        return lines
    return [f"… {len(lines) - limit} lines above …", *lines[-limit:]]


def source_lines(source: str, limit: int = 30) -> list[str]:
    """The cell's source with line numbers."""
    lines = source.strip("\n").splitlines()
    numbered = [f"{number:>3} | {line}" for number, line in enumerate(lines[:limit], 1)]
    return numbered if len(lines) <= limit else [*numbered, f"    … {len(lines) - limit} more lines …"]
