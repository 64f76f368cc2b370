"""A notebook's run as the tab's index has it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from amltasks.platforms.base import NotebookRun
from amltasks.report.model import CellError, CellOutcome, CellResult, NotebookResult, Outcome
from amltasks.report.tab_limits import MESSAGE, NOTES, PATH, TRACEBACK, VALUE, VALUES
from amltasks.report.tab_records import TabFailure, TabResult, TabState
from amltasks.report.tab_result import finished, planned

LONG = "\n".join(f"line {number} of a message" for number in range(10_000))


def failure_of(source: str, traceback: str, **cell: Any) -> TabFailure:
    error = CellError(name="ValueError", value="no rows", traceback=traceback)
    before = CellResult(index=0, position=0, title="import", outcome=CellOutcome.PASSED)
    skipped = CellResult(index=1, position=1, title="later", outcome=CellOutcome.SKIPPED)
    failed = CellResult(
        index=3, position=3, title="check", outcome=CellOutcome.FAILED, source=source, error=error, **cell
    )
    result = NotebookResult(
        run_id="check", notebook="check.ipynb", outcome=Outcome.FAILED, cells=(before, skipped, failed)
    )
    failure = finished(result).failure
    assert failure is not None
    return failure


def test_a_failure_shows_the_lines_around_the_one_that_raised() -> None:
    source = "\n".join(f"line_{number}()" for number in range(1, 31))

    failure = failure_of(source, "Cell In[2], line 20\nValueError: no rows")

    assert (failure.position, failure.number, failure.line) == (3, "[2]", 20)
    excerpt = failure.excerpt.split("\n")
    assert excerpt[20 - failure.first_line] == "line_20()"
    assert 5 < len(excerpt) < 15
    assert failure.text.endswith("ValueError: no rows")


@pytest.mark.parametrize("traceback", ["ValueError: no rows", "Cell In[2], line 99\nValueError: no rows"])
def test_where_no_line_is_known_the_cell_begins_the_excerpt(traceback: str) -> None:
    failure = failure_of("first()\nsecond()", traceback)

    assert (failure.first_line, failure.line, failure.excerpt) == (1, None, "first()\nsecond()")


def test_a_kernel_that_died_names_its_cell_and_its_last_output(died: NotebookResult) -> None:
    failure = finished(died).failure

    assert failure is not None
    assert (failure.outcome, failure.error_name, failure.excerpt) == (CellOutcome.KERNEL_DIED, "", "fit()")
    assert "SIGKILL" in failure.text
    assert failure.text.endswith("epoch 2")


def test_scraps_are_numbers_truth_values_and_short_texts() -> None:
    scraps = {
        "mae": 1,
        "good": True,
        "kind": "ridge",
        "lost": math.nan,
        "gain": -math.inf,
        "huge": 10**400,
        "table": [1, 2],
        "nothing": None,
    }

    result = finished(NotebookResult(run_id="a", notebook="a.ipynb", outcome=Outcome.PASSED, scraps=scraps))

    assert json.loads(result.model_dump_json())["scraps"] == {
        "mae": 1.0,
        "good": True,
        "kind": "ridge",
        "lost": "nan",
        "gain": "-inf",
        "huge": "about 1e400",
    }


def test_everything_is_bounded_whatever_a_notebook_makes_of_it() -> None:
    many = {f"{number} {LONG}": LONG for number in range(1000)}
    result = NotebookResult(
        run_id="a",
        notebook="x" * 10_000,
        parameter_set=LONG,
        parameters=many,
        outcome=Outcome.FAILED,
        message=LONG + "\ud800",
        notes=(LONG,) * 1000,
        owner=LONG,
        scraps=many,
        cells=(
            CellResult(
                index=0,
                position=0,
                title=LONG,
                outcome=CellOutcome.FAILED,
                source=LONG,
                error=CellError(name=LONG, value="\ud800" + LONG, traceback=LONG),
            ),
        ),
    )

    text = finished(result).model_dump_json(by_alias=True)

    shown = TabResult.model_validate_json(text)
    assert len(text) < 2 * VALUES * (VALUE + 300) + NOTES * 1100 + 3 * MESSAGE + TRACEBACK + 3 * PATH + 10_000
    assert len(shown.message) == MESSAGE
    assert shown.message.startswith("line 0 of a message\nline 1")


def test_a_planned_run_is_known_by_name_and_parameters(tmp_path: Path) -> None:
    run = NotebookRun(
        run_id="train--weak",
        source=tmp_path,
        notebook="models/train.ipynb",
        parameter_set="weak",
        parameters={"alpha": 0.5, "name": "x"},
        environment={"TOKEN": "not to be seen"},
        owner="data@example.org",
        expected_outcome=Outcome.FAILED,
        working_directory=tmp_path,
        folder=tmp_path,
    )

    shown = planned(run)

    assert (shown.state, shown.outcome, shown.ok) == (TabState.PLANNED, None, False)
    assert (shown.title, shown.parameters) == ("models/train.ipynb [weak]", {"alpha": "0.5", "name": "'x'"})
    assert (shown.owner, shown.expected_outcome) == ("data@example.org", Outcome.FAILED)
    assert "not to be seen" not in shown.model_dump_json()
