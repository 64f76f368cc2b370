"""Results and a report to publish."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from amltasks.report.model import (
    Artefact,
    ArtefactKind,
    CellError,
    CellOutcome,
    CellResult,
    KernelDeath,
    NotebookResult,
    Outcome,
    Report,
)

STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def passed(tmp_path: Path) -> NotebookResult:
    """A notebook that passed and left its executed form and a page."""
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "executed.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    (folder / "train.html").write_text("<!DOCTYPE html>")
    return NotebookResult(
        run_id="train",
        notebook="models/train.ipynb",
        parameter_set="alpha=0.1",
        parameters={"alpha": 0.1},
        outcome=Outcome.PASSED,
        cells=(
            CellResult(index=0, position=0, title="import pandas", outcome=CellOutcome.PASSED, duration=0.5),
            CellResult(index=1, position=1, title="slow_part()", outcome=CellOutcome.SKIPPED),
        ),
        started_at=STARTED,
        duration=12.3456,
        folder=folder,
        artefacts=(
            Artefact(kind=ArtefactKind.NOTEBOOK, path=folder / "executed.ipynb", name="executed.ipynb"),
            Artefact(kind=ArtefactKind.HTML, path=folder / "train.html", name="train.html"),
        ),
    )


@pytest.fixture
def failed() -> NotebookResult:
    """A notebook whose second cell raised."""
    error = CellError(
        name="ValueError", value="no <rows> | here", traceback="Cell In[2], line 1\nValueError: no <rows>"
    )
    source = "frame = load()\ncheck(frame)  # ```not a fence"
    return NotebookResult(
        run_id="check",
        notebook="check.ipynb",
        outcome=Outcome.FAILED,
        message="Cell 2 raised ValueError: no <rows> | here",
        cells=(
            CellResult(index=0, position=0, title="import pandas", outcome=CellOutcome.PASSED, duration=0.5),
            CellResult(
                index=1, position=1, title="Checks: frame", outcome=CellOutcome.FAILED, source=source, error=error
            ),
            CellResult(index=2, position=2, title="later()", outcome=CellOutcome.NOT_EXECUTED),
        ),
        duration=3.0,
    )


@pytest.fixture
def died() -> NotebookResult:
    """A notebook whose kernel was killed, with a control character in its last output."""
    return NotebookResult(
        run_id="hog",
        notebook="hog.ipynb",
        outcome=Outcome.KERNEL_DIED,
        message="The kernel died (SIGKILL) in cell 1.",
        kernel_death=KernelDeath(signal="SIGKILL", peak_memory=3_000_000_000, last_output="epoch 1\x00\nepoch 2"),
        cells=(CellResult(index=0, position=0, title="fit()", outcome=CellOutcome.KERNEL_DIED, source="fit()"),),
    )


@pytest.fixture
def not_run() -> NotebookResult:
    return NotebookResult(
        run_id="late", notebook="late.ipynb", outcome=Outcome.NOT_RUN, message="Not started: the run was cancelled."
    )


@pytest.fixture
def report(passed: NotebookResult, failed: NotebookResult, died: NotebookResult, not_run: NotebookResult) -> Report:
    return Report(
        title="Notebooks of main",
        results=(passed, failed, died, not_run),
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=90),
    )
