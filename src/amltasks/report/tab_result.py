"""A notebook's run as the tab's index has it: planned, while it runs, and when it has ended. All of it bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from amltasks.platforms.base import NotebookRun
from amltasks.report.executed import line_in_cell
from amltasks.report.model import CellOutcome, CellResult, NotebookResult
from amltasks.report.tab_limits import (
    EXCERPT_LINE,
    EXCERPT_LINES_AFTER,
    EXCERPT_LINES_BEFORE,
    MESSAGE,
    NAME,
    NOTE,
    NOTES,
    PATH,
    TRACEBACK,
    TRACEBACK_LINES,
    VALUE,
    VALUES,
    bounded,
)
from amltasks.report.tab_records import TabCounts, TabFailure, TabResult, TabState
from amltasks.report.wording import cell_counts, error_lines


def planned(run: NotebookRun) -> TabResult:
    """A run that has not begun."""
    return TabResult(**_identity(run), state=TabState.PLANNED)


def finished(result: NotebookResult) -> TabResult:
    """A run that has ended. Its files are left to whoever attaches them."""
    done, total = cell_counts(result)
    return TabResult(
        **_identity(result),
        outcome=result.outcome,
        ok=result.ok,
        message=bounded(result.message, MESSAGE),
        notes=tuple(bounded(note, NOTE) for note in result.notes[:NOTES]),
        started_at=result.started_at,
        duration=result.duration,
        peak_memory=result.peak_memory,
        job=bounded(result.job, NAME),
        studio=result.studio,
        reused_from=result.reused_from,
        cells=TabCounts(total=total, done=done),
        failure=_failure(result),
        scraps=_scraps(result.scraps),
    )


def _identity(of: NotebookRun | NotebookResult) -> dict[str, Any]:
    return {
        "run_id": of.run_id,
        "title": bounded(of.title, PATH),
        "notebook": bounded(of.notebook, PATH),
        "parameter_set": bounded(of.parameter_set, NAME),
        "parameters": {
            bounded(name, NAME): bounded(repr(value), VALUE) for name, value in list(of.parameters.items())[:VALUES]
        },
        "expected_outcome": of.expected_outcome,
        "owner": bounded(of.owner, NAME),
    }


def _scraps(scraps: Mapping[str, Any]) -> dict[str, float | bool | str]:
    """Those that a table can show; what is no number, truth value or text stays in the notebook."""
    shown: dict[str, float | bool | str] = {}
    for name, value in scraps.items():
        if isinstance(value, (bool, int, float, str)) and len(shown) < VALUES:
            shown[bounded(name, NAME)] = _scrap(value)
    return shown


def _scrap(value: bool | float | str) -> float | bool | str:
    """JSON has neither NaN nor infinities, and no number that is larger than a double: those are texts."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return bounded(value, VALUE)
    try:
        number = float(value)
    except OverflowError:
        return f"about 1e{value.bit_length() * math.log10(2):.0f}" if isinstance(value, int) else str(value)
    return number if math.isfinite(number) else str(number)


def _failure(result: NotebookResult) -> TabFailure | None:
    cell = result.failing_cell
    if cell is None:
        return None
    line = line_in_cell(cell.error.traceback) if cell.error else None
    first_line, excerpt, line = _excerpt(cell.source, line)
    return TabFailure(
        position=cell.position,
        number=_number(cell, result),
        title=bounded(cell.title, NAME),
        outcome=cell.outcome,
        error_name=bounded(cell.error.name, NAME) if cell.error else "",
        error_value=bounded(cell.error.value, MESSAGE) if cell.error else "",
        excerpt=excerpt,
        first_line=first_line,
        line=line,
        text=bounded("\n".join(error_lines(result, TRACEBACK_LINES)), TRACEBACK),
    )


def _number(cell: CellResult, result: NotebookResult) -> str:
    """As the kernel counts: cells that are skipped have none."""
    executed = [each.position for each in result.cells if each.outcome is not CellOutcome.SKIPPED]
    return f"[{executed.index(cell.position) + 1}]" if cell.position in executed else ""


def _excerpt(source: str, line: int | None) -> tuple[int, str, int | None]:
    """(number of the first line, lines, the one that raised if it is among them); the beginning where none is known."""
    lines = source.split("\n")
    known = line if line and line <= len(lines) else None
    first = max(0, (known or 1) - 1 - EXCERPT_LINES_BEFORE)
    last = first + EXCERPT_LINES_BEFORE + 1 + EXCERPT_LINES_AFTER
    return first + 1, "\n".join(bounded(each, EXCERPT_LINE) for each in lines[first:last]), known
