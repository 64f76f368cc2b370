"""What a person sees of a page: the failure at once, at any width, in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amltasks.report.model import CellError, CellOutcome, CellResult, NotebookResult, Outcome
from amltasks.report.page import render_page
from tests.browser.chromium import Page

pytestmark = pytest.mark.xdist_group("browser")

OpenPage = Callable[..., Page]

TRACEBACK = "Cell In[2], line 2\n      1 total = 0\n----> 2 total / 0\n\nZeroDivisionError: division by zero"
COLOURED = "\x1b[31mZeroDivisionError\x1b[39m: division by zero"

CONTRAST = """
(selector => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  let element = document.querySelector(selector), ground = element;
  while (rgb(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
  const [a, b] = [light(rgb(getComputedStyle(element).color)), light(rgb(getComputedStyle(ground).backgroundColor))];
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
})
"""


def _cell(kind: str, source: str, **members: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source, **members}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a notebook whose second code cell raised, after a long first part."""
    wide = "<table class='dataframe'><tr>" + "".join(f"<td>column {n}</td>" for n in range(60)) + "</tr></table>"
    long_line = {"output_type": "stream", "name": "stdout", "text": "x" * 3000}
    error = {
        "output_type": "error",
        "ename": "ZeroDivisionError",
        "evalue": "division by zero",
        "traceback": [COLOURED],
    }
    cells = [
        _cell("markdown", "# Sums\n\n" + "text " * 4000),
        _cell(
            "code",
            "import math",
            execution_count=1,
            outputs=[long_line, {"output_type": "display_data", "metadata": {}, "data": {"text/html": wide}}],
        ),
        _cell("markdown", "## Ratios $\\frac{a}{b}$"),
        _cell("code", "total = 0\ntotal / 0", execution_count=2, outputs=[error]),
        _cell("code", "print('never')", execution_count=None, outputs=[]),
    ]
    outcomes = (CellOutcome.PASSED, CellOutcome.FAILED, CellOutcome.NOT_EXECUTED)
    results = tuple(
        CellResult(index=position, position=position, title=f"cell {position}", outcome=outcome, duration=0.1)
        for position, outcome in zip((1, 3, 4), outcomes, strict=True)
    )
    cause = CellError(name="ZeroDivisionError", value="division by zero", traceback=TRACEBACK)
    result = NotebookResult(
        run_id="sums",
        notebook="reports/sums.ipynb",
        parameter_set="zero",
        parameters={"divisor": 0},
        outcome=Outcome.FAILED,
        message="Cell 2 raised ZeroDivisionError: division by zero",
        cells=(results[0], results[1].model_copy(update={"error": cause}), results[2]),
        duration=3.2,
    )
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render_page(result, {"cells": cells, "metadata": {}}), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (420, 900)])
def test_the_failure_is_seen_without_scrolling(width: int, height: int, failed: Path, open_page: OpenPage) -> None:
    """Outcome, error, the cell's source with the line that raised: all in the first window, wide and narrow."""
    tab = open_page(width, height)
    tab.open(failed, settle=0)

    for selector in (".outcome", ".failure .error", ".failure .source", ".failure .hll"):
        bottom = tab.evaluate(f"document.querySelector('{selector}').getBoundingClientRect().bottom")
        assert bottom < height, selector
    assert tab.evaluate("document.querySelector('.failure .hll').innerText.trim()") == "total / 0"


@pytest.mark.parametrize("width", [1280, 420])
def test_wide_outputs_scroll_inside_the_page(width: int, failed: Path, open_page: OpenPage) -> None:
    """A table of sixty columns and a line of three thousand characters do not widen the page."""
    tab = open_page(width)
    tab.open(failed, settle=0)

    assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_readable_in_light_and_dark(dark: bool, failed: Path, open_page: OpenPage) -> None:
    """Contrast of at least 4.5 : 1, as WCAG asks of text; the two schemes have different grounds."""
    tab = open_page(dark=dark)
    tab.open(failed, settle=0)

    brightness = tab.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    selectors = (".outcome", ".message", ".facts", ".error b", ".error span", ".source pre", ".traceback", "footer")
    ratios = {selector: tab.evaluate(f"{CONTRAST}({selector!r})") for selector in selectors}
    assert (brightness < 60) is dark
    assert min(ratios.values()) >= 4.5, ratios


def test_the_strip_of_cells_leads_to_each_cell(failed: Path, open_page: OpenPage) -> None:
    """One mark a code cell, in the outcome's class, and what was not executed is dimmed below."""
    tab = open_page()
    tab.open(failed, settle=0)

    marks = tab.evaluate("[...document.querySelectorAll('.strip a')].map(a => [a.className, a.getAttribute('href')])")
    assert marks == [["passed", "#cell-1"], ["failed", "#cell-3"], ["notExecuted", "#cell-4"]]
    assert tab.evaluate("marks = [...document.querySelectorAll('.strip a')].every(a => document.querySelector(a.hash))")
    assert float(tab.evaluate("getComputedStyle(document.querySelector('#cell-4')).opacity")) < 1


def test_maths_is_drawn_by_the_browser(failed: Path, open_page: OpenPage) -> None:
    """The fraction's parts stand one above the other: it is MathML, not text."""
    tab = open_page()
    tab.open(failed, settle=0)

    above, below = tab.evaluate(
        "[...document.querySelector('h2 mfrac').children].map(e => e.getBoundingClientRect().top)"
    )
    assert below > above + 5
