"""The outline of a notebook's page: where what is, how long it took, and where it failed."""

from __future__ import annotations

from typing import Any

from amltasks.report.model import CellOutcome, CellResult, NotebookResult, Outcome
from amltasks.report.outline import LIMIT, Heading, outline_of
from amltasks.report.page import render_page
from tests.browser.inspection import dangers

CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "source": "# All *of* it"},
    {"cell_type": "code", "source": "a"},
    {"cell_type": "markdown", "source": "## Load\ntext\n## Train"},
    {"cell_type": "code", "source": "b"},
    {"cell_type": "code", "source": "c"},
    {"cell_type": "markdown", "source": "## After"},
    {"cell_type": "code", "source": "d"},
    {"cell_type": "markdown", "source": "# Appendix"},
]


def _cell(position: int, outcome: CellOutcome, duration: float | None) -> CellResult:
    return CellResult(index=position, position=position, title="", outcome=outcome, duration=duration)


RESULT = NotebookResult(
    run_id="x",
    notebook="x.ipynb",
    outcome=Outcome.FAILED,
    cells=(
        _cell(1, CellOutcome.PASSED, 1.0),
        _cell(3, CellOutcome.PASSED, 20.0),
        _cell(4, CellOutcome.FAILED, 0.5),
        _cell(6, CellOutcome.NOT_EXECUTED, None),
    ),
)


def test_a_section_takes_as_long_as_all_its_cells_and_fails_with_one_of_them() -> None:
    """A chapter has the times of its sections, too; a heading without cells has none."""
    assert outline_of(CELLS, RESULT) == [
        Heading(1, "All of it", "cell-0", 21.5, failed=True),
        Heading(2, "Load", "cell-2"),
        Heading(2, "Train", "cell-2", 20.5, failed=True),
        Heading(2, "After", "cell-5"),
        Heading(1, "Appendix", "cell-7"),
    ]


def test_the_page_says_so_beside_the_headings() -> None:
    page = render_page(RESULT, {"cells": CELLS, "metadata": {}})

    outline = " ".join(page.partition('<nav class="outline"')[2].partition("</nav>")[0].split())
    assert '<a href="#cell-2">Train</a> <b class="failed">✗ failed</b> <span class="time">20.5 s</span></li>' in outline
    assert '<a href="#cell-5">After</a></li>' in outline
    assert dangers(page) == []


def test_an_outline_is_bounded() -> None:
    """Ten thousand headings are no page that nobody can open."""
    cells = [{"cell_type": "markdown", "source": "# x\n" * 1000} for _ in range(10)]

    assert len(outline_of(cells, RESULT)) == LIMIT
