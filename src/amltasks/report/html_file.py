"""Writes the HTML page of a result beside the notebook that was executed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from amltasks.report.files import write_whole
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Outcome

Look = Callable[[NotebookResult, Mapping[str, Any]], None]


def add_page(result: NotebookResult, look: Look | None = None) -> NotebookResult:
    """The result with `<folder>/<run_id>.html` among its artefacts; as it was where nothing ran and nothing is to see.

    look: shown the executed notebook, too, where there is one, so that it is read but once. What cannot be made is a
    note on the result: the outcome stands without it.
    """
    if result.folder is None or result.outcome is Outcome.NOT_RUN:
        return result
    from amltasks.report.page import render_page  # brings nbconvert: a third of a second that a run without pages saves

    path = result.folder / f"{result.run_id}.html"
    notebook: dict[str, Any] | None = None
    with _Noted(result, "The HTML page") as noted:
        result.folder.mkdir(parents=True, exist_ok=True)
        notebook = _executed(result)
        write_whole(path, render_page(result, notebook))
        page = Artefact(kind=ArtefactKind.HTML, path=path, name=path.name)
        noted.result = result.model_copy(update={"artefacts": (*result.artefacts, page)})
    if look is None or notebook is None:
        return noted.result
    with _Noted(noted.result, "The record of its cells") as noted:
        look(result, notebook)
    return noted.result


class _Noted:
    """Hours of computing must not be lost for a file: what cannot be made becomes a note of the result."""

    def __init__(self, result: NotebookResult, what: str) -> None:
        self.result = result
        self._what = what

    def __enter__(self) -> _Noted:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if isinstance(error, OSError):
            self._note(f"{self._what} could not be written: {error.strerror or error}.")
        elif isinstance(error, Exception):
            self._note(f"{self._what} could not be made, which is a fault of this program: {error!r}.")
        return error is None or isinstance(error, Exception)

    def _note(self, note: str) -> None:
        self.result = self.result.model_copy(update={"notes": (*self.result.notes, note)})


def _executed(result: NotebookResult) -> dict[str, Any] | None:
    path = next((artefact.path for artefact in result.artefacts if artefact.kind is ArtefactKind.NOTEBOOK), None)
    return _read(path) if path else None


def _read(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        notebook: dict[str, Any] = json.load(file)
    return notebook
