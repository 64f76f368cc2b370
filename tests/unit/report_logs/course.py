"""Runs, results and events as a platform would give them."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from amltasks.platforms.base import CellFinished, CellStarted, KernelStarted, NotebookRun, OutputText
from amltasks.report.model import CellError, CellOutcome, CellResult, NotebookResult, Outcome, Report
from amltasks.report.publisher import Publisher

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
ERROR = CellError(
    name="KeyError",
    value="'price'",
    traceback="Traceback (most recent call last)\n----> 2 df['price']\n\nKeyError: 'price'",
)
FAILED_BECAUSE = "Cell 2 \"Prices: df['price']\" raised KeyError: 'price'"


def run(name: str, parameter_set: str = "", source: Path = Path("absent.ipynb")) -> NotebookRun:
    return NotebookRun(
        run_id=f"{name}-{parameter_set}",
        source=source,
        notebook=f"notebooks/{name}.ipynb",
        parameter_set=parameter_set,
        working_directory=Path(),
        folder=Path(),
    )


def cell(number: int, outcome: CellOutcome = CellOutcome.PASSED) -> CellResult:
    failed = outcome is CellOutcome.FAILED
    return CellResult(
        index=number,
        position=number,
        title=f"Prices: cell {number}",
        outcome=outcome,
        source="import pandas as pd\ndf['price']",
        duration=0.25,
        error=ERROR if failed else None,
    )


def result(of: NotebookRun, outcome: Outcome = Outcome.PASSED, **more: object) -> NotebookResult:
    """Of two cells, of which the second decides the outcome."""
    last = CellOutcome.FAILED if outcome is Outcome.FAILED else CellOutcome.PASSED
    fields = {
        "run_id": of.run_id,
        "notebook": of.notebook,
        "parameter_set": of.parameter_set,
        "outcome": outcome,
        "message": FAILED_BECAUSE if outcome is Outcome.FAILED else "",
        "cells": (cell(1), cell(2, last)),
        "duration": 12.0,
        **more,
    }
    return NotebookResult.model_validate(fields)


def report(*results: NotebookResult, **more: object) -> Report:
    fields = {"title": "Notebooks", "results": results, "started_at": NOW, "finished_at": NOW, **more}
    return Report.model_validate(fields)


def play_cell(publisher: Publisher, of: NotebookRun, number: int, text: str = "") -> None:
    publisher.event(of, CellStarted(position=number, number=number, title=f"Prices: cell {number}"))
    if text:
        publisher.event(of, OutputText(text=text))
    publisher.event(of, CellFinished(number=number, cell=cell(number)))


def play(publisher: Publisher, of: NotebookRun, ended: NotebookResult | None = None) -> None:
    """A whole notebook of two cells."""
    publisher.event(of, KernelStarted(kernel="python3", cells=2))
    for number in (1, 2):
        play_cell(publisher, of, number, f"output {number} of {of.run_id}")
    publisher.finished(of, ended or result(of))
