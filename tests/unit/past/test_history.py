"""What is remembered of earlier runs, and what is not believed."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from amltasks.notebooks.schedule import Demand
from amltasks.past.history import NAME, keep_history, past_demands
from amltasks.report.model import NotebookResult, Origin, Outcome, Report
from amltasks.report.results_file import ResultsFile

NOW = datetime.now(timezone.utc)


def report(*results: NotebookResult) -> Report:
    return Report(title="Notebooks", results=results, started_at=NOW, finished_at=NOW)


def result(name: str, outcome: Outcome = Outcome.PASSED, **more: Any) -> NotebookResult:
    return NotebookResult(run_id=name, notebook=f"{name}.ipynb", outcome=outcome, **more)


def test_what_notebooks_took_is_there_the_next_time(tmp_path: Path) -> None:
    cache, output = tmp_path / "cache", tmp_path / "output"

    keep_history(cache, report(result("a", duration=12.5, peak_memory=700), result("b", Outcome.FAILED, duration=3)))

    assert past_demands(cache, output) == {"a": Demand(12.5, 700), "b": Demand(3, None)}


def test_what_never_ran_or_was_cut_short_tells_nothing(tmp_path: Path) -> None:
    keep_history(tmp_path, report(result("a", duration=60)))

    reused = result("a", duration=1, reused_from=Origin(at=NOW))
    keep_history(tmp_path, report(reused, result("b", Outcome.NOT_RUN), result("c", Outcome.CANCELLED, duration=1)))

    assert past_demands(tmp_path, tmp_path / "output") == {"a": Demand(60)}


def test_without_a_cache_folder_the_results_of_the_last_run_tell(tmp_path: Path) -> None:
    ResultsFile(tmp_path).complete(report(result("a", duration=5, peak_memory=100), result("b", Outcome.INVALID)))

    assert past_demands(None, tmp_path) == {"a": Demand(5, 100)}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "notebooks": {"a": {"seconds": 1}}}',
        '{"version": 1, "notebooks": [1]}',
        '{"version": 1, "notebooks": {"a": 5}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_not_ours_says_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(content, encoding="utf-8")
    (tmp_path / "results.json").write_text(content, encoding="utf-8")

    assert past_demands(tmp_path, tmp_path) == {}


def test_values_that_make_no_sense_are_not_believed(tmp_path: Path) -> None:
    entries = {"a": {"seconds": "long", "memory": -1}, "b": {"seconds": float("nan"), "memory": 2.5}}
    (tmp_path / NAME).write_text(json.dumps({"version": 1, "notebooks": entries}), encoding="utf-8")

    assert past_demands(tmp_path, tmp_path) == {"a": Demand(), "b": Demand()}


def test_notebooks_that_have_not_run_for_long_are_forgotten(tmp_path: Path) -> None:
    entries = {"gone": {"seconds": 1, "at": "2020-01-01T00:00:00+00:00"}}
    (tmp_path / NAME).write_text(json.dumps({"version": 1, "notebooks": entries}), encoding="utf-8")

    keep_history(tmp_path, report(result("a", duration=2)))

    assert list(past_demands(tmp_path, tmp_path)) == ["a"]
