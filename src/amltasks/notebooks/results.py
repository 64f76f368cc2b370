"""A notebook's result, put together from what was seen and what lies on disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from amltasks.notebooks.images import write_images
from amltasks.notebooks.records import CellRecord, RunEnding
from amltasks.notebooks.saving import EXECUTED
from amltasks.notebooks.scraps import read_scraps
from amltasks.notebooks.verdict import judge
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Outcome

LOG = "console.log"
IMAGES = "images"


def result_of(
    run: NotebookRun,
    notebook: NotebookNode,
    indices: Sequence[int | None],
    records: Sequence[CellRecord],
    ending: RunEnding,
    *,
    started_at: datetime,
    notes: Sequence[str] = (),
    **more: Any,
) -> NotebookResult:
    """The result of a notebook that was begun, with its pictures written. Notebook and records must be redacted.

    more: further members of the result.
    """
    verdict = judge(notebook, indices, records, ending)
    artefacts, problems = artefacts_of(notebook, run.folder)
    return run.result(
        verdict.outcome,
        verdict.message,
        **_times(started_at),
        notes=(*notes, *verdict.notes, *problems),
        cells=verdict.cells,
        kernel_death=ending.death,
        scraps=read_scraps(notebook),
        artefacts=artefacts,
        **more,
    )


def unstarted(run: NotebookRun, outcome: Outcome, message: str, started_at: datetime) -> NotebookResult:
    """The result of a notebook that no kernel was started for."""
    return run.result(outcome, message, **_times(started_at))


def _times(started_at: datetime) -> dict[str, Any]:
    duration = (datetime.now(timezone.utc) - started_at).total_seconds()
    return {"started_at": started_at, "duration": round(duration, 3)}


def artefacts_of(notebook: NotebookNode, folder: Path) -> tuple[tuple[Artefact, ...], list[str]]:
    """The files of a run, its pictures written now, and a sentence for what could not be written."""
    problems = []
    pictures: list[Path] = []
    try:
        pictures, left_out = write_images(notebook, folder / IMAGES)
        problems += [left_out] if left_out else []
    except OSError as error:
        problems.append(f"The images could not be written as files: {error.strerror or error}.")
    files = [(ArtefactKind.NOTEBOOK, folder / EXECUTED), (ArtefactKind.LOG, folder / LOG)]
    files += [(ArtefactKind.IMAGE, picture) for picture in pictures]
    own = [(kind, path) for kind, path in files if path.is_file() and not path.is_symlink()]
    return tuple(Artefact(kind=kind, path=path, name=path.name) for kind, path in own), problems
