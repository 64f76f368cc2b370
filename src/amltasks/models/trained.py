"""What a notebook left, found by the results of the step that ran it: the result, and the model's file."""

from __future__ import annotations

from pathlib import Path

from amltasks.errors import UserError
from amltasks.models.content import last_change
from amltasks.quoting import listed, nearest, quoted
from amltasks.report.model import NotebookResult, Report

HASH_SCRAP = "model_hash"  # what a notebook may say of the model that it has written
_CLOCKS_DIFFER = 2.0  # seconds: files' times are coarser than ours


def result_of(report: Report, notebook: str) -> NotebookResult:
    """The one result, or that of the notebook: its path, its title or its run id. Raises UserError."""
    if not notebook and len(report.results) == 1:
        return report.results[0]
    titles = [result.title for result in report.results]
    if not notebook:
        raise UserError(f"notebook: the results are of {listed(titles)}: say of which the model is.")
    wanted = notebook.removeprefix("./")
    found = [each for each in report.results if wanted in (each.title, each.notebook, each.run_id)]
    if not found:
        raise UserError(
            f"notebook: {quoted(notebook)} has no result{nearest(wanted, titles)}: there are {listed(titles)}."
        )
    if len(found) > 1:
        of_these = listed(each.title for each in found)
        raise UserError(f"notebook: {quoted(notebook)} has several results: say which, of {of_these}.")
    return found[0]


def model_of(result: NotebookResult, path: str, root: Path) -> Path:
    """A file or folder that the notebook has written.

    path: see `left_by`. Raises UserError where the notebook has failed, where there is none, or where it is older than
    the notebook's run.
    """
    if not result.ok:
        raise UserError(f"{result.title} did not pass: what it has left is not registered.")
    found = left_by(result, path, root)
    if found is None:
        raise UserError(
            f"path: {result.title} has left no {quoted(path)}, neither in its results nor beside it nor at that path "
            "from the repository's root."
        )
    if result.started_at is not None and last_change(found) < result.started_at.timestamp() - _CLOCKS_DIFFER:
        reused = (
            "; it was not run in this build, but its result taken from an earlier one" if result.reused_from else ""
        )
        raise UserError(
            f"path: {quoted(path)} is older than the run of {result.title}, which did not write it{reused}."
        )
    return found


def left_by(result: NotebookResult, path: str, root: Path) -> Path | None:
    """The path from the results' folder, the notebook's own or the repository's root, in this order, if it is there."""
    places = [result.folder, (root / result.notebook).parent, root]
    return next((place / path for place in places if place is not None and (place / path).exists()), None)
