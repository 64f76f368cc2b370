"""A notebook as its task leaves it, where Azure DevOps shows it: page, file and changes by the service's ways."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from amltasks.report.html_file import add_page
from amltasks.report.model import (
    Artefact,
    ArtefactKind,
    CellError,
    CellOutcome,
    CellResult,
    NotebookResult,
    Outcome,
    Report,
)
from amltasks.report.tab import TabFiles
from amltasks.report.tab_names import Attachment
from amltasks.report.tab_records import TabContext
from tests.tab.builds import Recorded, Site
from tests.tab.conftest import Opened
from tests.tab.recorded import MAIN, START

pytestmark = pytest.mark.xdist_group("tab")

CONTEXT = TabContext(task="RunNotebookOnAML", stage="Test", job="linux", step="notebooks", branch=MAIN)
KEY = "Test~linux~1~notebooks~ridge"


def _attached(site: Site, folder: Path, mae: float, outcome: Outcome) -> Recorded:
    """A build in which a notebook recorded this error, and what its task attached."""
    folder.mkdir()
    outputs: list[dict[str, Any]] = [{"output_type": "stream", "name": "stdout", "text": f"mae: {mae}\n"}]
    cells = [
        {"cell_type": "markdown", "id": "a", "source": "# Train", "metadata": {}},
        {"cell_type": "code", "id": "b", "source": "fit()", "execution_count": 1, "metadata": {}, "outputs": outputs},
    ]
    executed = folder / "executed.ipynb"
    executed.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    failed = outcome is Outcome.FAILED
    cell = CellResult(
        index=1,
        position=1,
        title="Train: fit()",
        outcome=CellOutcome.FAILED if failed else CellOutcome.PASSED,
        duration=0.5,
        error=CellError(name="ValueError", value="too bad") if failed else None,
    )
    result = NotebookResult(
        run_id="ridge",
        notebook="notebooks/ridge.ipynb",
        outcome=outcome,
        cells=(cell,),
        folder=folder,
        artefacts=(Artefact(kind=ArtefactKind.NOTEBOOK, path=executed, name="executed.ipynb"),),
    )
    build = site.build()

    def attach(attached: Sequence[Attachment]) -> None:
        for file in attached:
            build.attach(file.name, file.path.read_bytes())

    files = TabFiles(folder, CONTEXT, attach)
    shown = add_page(result, files.look)
    files.complete(Report(title="Notebooks", results=(shown,), started_at=START, finished_at=START))
    build.finish("failed" if failed else "succeeded")
    return build


def test_what_the_task_attached_is_read_compared_and_saved(
    site: Site, opened: Opened, page: Page, tmp_path: Path
) -> None:
    """In a frame without an origin, through the service's own addresses, with a token that may only read."""
    green = _attached(site, tmp_path / "green", 0.5, Outcome.PASSED)
    tab = opened(site.tab(_attached(site, tmp_path / "failed", 0.6, Outcome.FAILED), notebook=KEY))

    notebook = tab.frame_locator("iframe.notebook-page")
    expect(notebook.locator(".failure .error")).to_contain_text("ValueError")
    expect(notebook.locator(".outline")).to_contain_text("✗ failed")
    with page.expect_download() as download:
        tab.get_by_role("button", name="Download notebook").click()
    assert download.value.suggested_filename == "ridge.ipynb"
    assert json.loads(Path(download.value.path()).read_bytes())["nbformat"] == 4

    tab.get_by_role("tab", name="What changed").click()

    expect(tab.locator(".changes-baseline option:checked")).to_contain_text(f"{green.build.number} on main: passed")
    expect(tab.locator(".changes-numbers")).to_have_text("mae 0.5 → 0.6 (+20 %)")
    expect(tab.locator(".changes-marks")).to_contain_text("passed → failed")
    assert "notebookView=changes" in page.url
