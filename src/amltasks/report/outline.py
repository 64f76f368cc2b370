"""A notebook's outline: its headings, with how long what stands below each of them took, and where it failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amltasks.report.executed import source_of
from amltasks.report.model import CellResult, NotebookResult

LIMIT = 80  # headings

_HEADING = re.compile(r"^ {0,3}(#{1,4})[ \t]+(.+)$", re.MULTILINE)
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^<>]{1,200}>|[*_`$]")


@dataclass
class Heading:
    """A line of the outline; cell is the anchor it leads to.

    duration: of the cells below it, down to the next heading of its level, in seconds; None where none was executed.
    failed: whether the cell that decided the outcome is among them.
    """

    level: int
    text: str
    cell: str
    duration: float | None = None
    failed: bool = False


def outline_of(cells: Sequence[Mapping[str, Any]], result: NotebookResult) -> list[Heading]:
    """The first headings of the executed notebook."""
    executed = {cell.position: cell for cell in result.cells}
    headings: list[Heading] = []
    open_ones: list[Heading] = []
    for position, cell in enumerate(cells):
        if cell.get("cell_type") == "markdown":
            for heading in _headings(cell, position):
                open_ones = [*(above for above in open_ones if above.level < heading.level), heading]
                headings.append(heading)
        elif position in executed:
            _add(executed[position], open_ones, failed=executed[position] is result.failing_cell)
    return headings[:LIMIT]


def _add(cell: CellResult, headings: list[Heading], *, failed: bool) -> None:
    for heading in headings:
        heading.failed |= failed
        if cell.duration is not None:
            heading.duration = (heading.duration or 0.0) + cell.duration


def _headings(cell: Mapping[str, Any], position: int) -> Iterator[Heading]:
    for marks, text in _HEADING.findall(source_of(cell)[:20_000]):
        plain = _MARKUP.sub(r"\1", text[:300]).strip(" \t#")
        if plain:
            yield Heading(len(marks), plain[:80], f"cell-{position}")
