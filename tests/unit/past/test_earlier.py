"""What earlier runs tell of a command's notebooks."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from amltasks.limits import Limits
from amltasks.notebooks.schedule import Demand
from amltasks.past.earlier import Earlier
from amltasks.past.history import keep_history
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import NotebookResult, Origin, Outcome, Report
from amltasks.requests import Platform, RunNotebooksRequest

NOW = datetime.now(timezone.utc)


def earlier(folder: Path, *runs: NotebookRun, **settings: Any) -> Earlier:
    given = {"notebooks": ("*",), "max_parallel": 2, "output_folder": folder / "out", "cache_folder": folder / "cache"}
    return Earlier(RunNotebooksRequest(root=folder, **{**given, **settings}), runs, Origin(at=NOW))


def a_run(name: str, **settings: Any) -> NotebookRun:
    where: dict[str, Any] = {"source": Path(f"/{name}"), "working_directory": Path("/"), "folder": Path("/nowhere")}
    return NotebookRun(run_id=name, notebook=name, **where, **settings)


def a_report(*results: NotebookResult) -> Report:
    return Report(title="Notebooks", results=results, started_at=NOW, finished_at=NOW)


def remember(folder: Path, name: str, seconds: float, memory: int) -> None:
    result = NotebookResult(run_id=name, notebook=name, outcome=Outcome.PASSED, duration=seconds, peak_memory=memory)
    keep_history(folder / "cache", a_report(result))


def test_the_last_peak_counts_and_before_there_is_one_the_limit(tmp_path: Path) -> None:
    remember(tmp_path, "known", 3, 500)
    limits = Limits(memory=4_000_000_000)

    found = earlier(tmp_path, a_run("known", limits=limits), a_run("new", limits=limits), a_run("free"))

    assert found.demands == {"known": Demand(3, 500), "new": Demand(None, 4_000_000_000, is_limit=True)}


def test_on_other_machines_memory_does_not_count_here(tmp_path: Path) -> None:
    remember(tmp_path, "a", 3, 500)

    assert earlier(tmp_path, a_run("a"), platform=Platform.AZUREML).demands == {"a": Demand(3)}


@pytest.mark.parametrize(
    ("settings", "why"), [({"platform": Platform.AZUREML}, "run on the agent"), ({"cache_folder": None}, "cacheFolder")]
)
def test_who_asks_for_reuse_where_there_is_none_is_told(settings: dict[str, Any], why: str, tmp_path: Path) -> None:
    (note,) = earlier(tmp_path, a_run("a", reuse=True), **settings).leave(a_report()).notes

    assert note.startswith("Nothing is reused: ")
    assert why in note


def test_a_history_that_cannot_be_written_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")

    (note,) = earlier(tmp_path).leave(a_report()).notes

    assert note.startswith("How long notebooks take cannot be kept in ")
