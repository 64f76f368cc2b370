"""Writes the HTML page of a result beside the notebook that was executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from amltasks.report.files import write_whole
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Outcome


def add_page(result: NotebookResult) -> NotebookResult:
    """The result with `<folder>/<run_id>.html` among its artefacts; as it was where nothing ran and nothing is to see.

    A page that cannot be made is a note on the result: the outcome stands without it.
    """
    if result.folder is None or result.outcome is Outcome.NOT_RUN:
        return result
    from amltasks.report.page import render_page  # brings nbconvert: a third of a second that a run without pages saves

    path = result.folder / f"{result.run_id}.html"
    try:
        result.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, render_page(result, _executed(result)))
    except OSError as error:
        return _with_note(result, f"The HTML page could not be written: {error.strerror or error}.")
    except Exception as error:  # hours of computing must not be lost for a page; the note says that it is our fault
        return _with_note(result, f"The HTML page could not be made, which is a fault of this program: {error!r}.")
    page = Artefact(kind=ArtefactKind.HTML, path=path, name=path.name)
    return result.model_copy(update={"artefacts": (*result.artefacts, page)})


def _executed(result: NotebookResult) -> dict[str, Any] | None:
    path = next((artefact.path for artefact in result.artefacts if artefact.kind is ArtefactKind.NOTEBOOK), None)
    return _read(path) if path else None


def _read(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        notebook: dict[str, Any] = json.load(file)
    return notebook


def _with_note(result: NotebookResult, note: str) -> NotebookResult:
    return result.model_copy(update={"notes": (*result.notes, note)})
