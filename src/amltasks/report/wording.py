"""How outcomes, times and sizes are said to people."""

from __future__ import annotations

from amltasks.report.model import CellOutcome, NotebookResult, Outcome

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


def outcome_words(result: NotebookResult) -> str:
    """`Failed`, or `Failed, as expected`, or `Passed, but expected: failed`."""
    words = OUTCOMES[result.outcome]
    if result.expected_outcome is Outcome.PASSED:
        return words
    return f"{words}, as expected" if result.ok else f"{words}, but expected: {OUTCOMES[result.expected_outcome].lower()}"


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


def size_words(size: int) -> str:
    """A number of bytes: `512 bytes`, `3.4 KB`, `1.2 GB`."""
    if size < 1000:
        return f"{size} bytes"
    amount = float(size)
    for unit in ("KB", "MB", "GB"):
        amount /= 1000
        if amount < 1000:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"
