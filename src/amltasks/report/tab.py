"""What the run's Notebooks tab shows: attachments of the step, found again through one JSON index.

Azure DevOps lists a run's attachments by type and name only, and names are unique only within a job. So every name
carries stage, job, attempt and step, and the index says what belongs together. The tab lists attachments of type
`amltasks.notebooks` whose name ends in `.index.json` and reads the others by the names it finds there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from amltasks.data import Data
from amltasks.report.files import write_whole
from amltasks.report.model import ArtefactKind, NotebookResult, Outcome, Report
from amltasks.report.publisher import Publisher

TYPE = "amltasks.notebooks"
INDEX = "index.json"
SIZE_LIMIT = 50_000_000  # bytes of one file; larger ones are named in the index, not attached
NAME_LIMIT = 180

_UNSAFE = re.compile(r"[^A-Za-z0-9_.()=-]+")


class TabContext(Data):
    """Where in the run these notebooks ran. step: the task's reference name, or its instance's id."""

    stage: str = ""
    job: str = ""
    attempt: int = 1
    step: str = ""


class TabFile(Data):
    """A file of a result. attachment: its name among the attachments, empty where it was too large for one."""

    kind: ArtefactKind
    name: str
    attachment: str
    size: int
    note: str = ""


class TabResult(Data):
    """One notebook with one parameter set, as the tab lists it. ok: whether the outcome is the expected one."""

    run_id: str
    title: str
    notebook: str
    parameter_set: str = ""
    outcome: Outcome
    ok: bool
    message: str = ""
    duration: float
    owner: str = ""
    files: tuple[TabFile, ...] = ()


class TabIndex(Data):
    """The index. version: 1; a reader refuses what it does not know."""

    version: int = 1
    context: TabContext
    title: str
    started_at: datetime
    finished_at: datetime
    cancelled: bool = False
    results: tuple[TabResult, ...]


@dataclass(frozen=True)
class Attachment:
    """What `task.addattachment` is told."""

    type: str
    name: str
    path: Path


class TabFiles(Publisher):
    """Writes the index when all is over; then `attachments` are what the agent has to attach, the index last."""

    name = "Notebooks tab"

    def __init__(self, folder: Path, context: TabContext) -> None:
        self.path = folder / INDEX
        self._context = context
        self._attachments: list[Attachment] = []

    def complete(self, report: Report, deadline: float | None = None) -> None:
        self._attachments = []
        results = tuple(self._result(result) for result in report.results)
        index = TabIndex(
            context=self._context,
            title=report.title,
            started_at=report.started_at,
            finished_at=report.finished_at,
            cancelled=report.cancelled,
            results=results,
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, index.model_dump_json(by_alias=True, indent=1) + "\n")
        self._attachments.append(Attachment(TYPE, self._attachment_name("", INDEX), self.path))

    def attachments(self) -> Iterator[Attachment]:
        """In the order to attach them: whoever sees the index finds the rest on its way."""
        yield from self._attachments

    def _result(self, result: NotebookResult) -> TabResult:
        return TabResult(
            run_id=result.run_id,
            title=result.title,
            notebook=result.notebook,
            parameter_set=result.parameter_set,
            outcome=result.outcome,
            ok=result.ok,
            message=result.message,
            duration=result.duration,
            owner=result.owner,
            files=tuple(self._files(result)),
        )

    def _files(self, result: NotebookResult) -> Iterator[TabFile]:
        """The page and the notebook; the log and the pictures are in them."""
        for artefact in result.artefacts:
            if artefact.kind not in {ArtefactKind.HTML, ArtefactKind.NOTEBOOK} or not artefact.path.is_file():
                continue
            size = artefact.path.stat().st_size
            name = self._attachment_name(result.run_id, artefact.name) if size <= SIZE_LIMIT else ""
            note = artefact.note if name else "Too large for the tab: it lies in the results folder."
            if name:
                self._attachments.append(Attachment(TYPE, name, artefact.path))
            yield TabFile(kind=artefact.kind, name=artefact.name, attachment=name, size=size, note=note)

    def _attachment_name(self, run_id: str, name: str) -> str:
        """`stage~job~attempt~step~run~name`, or `stage~job~attempt~step.index.json`; safe as a file name."""
        where = self._context
        parts = [where.stage, where.job, str(where.attempt), where.step]
        if name == INDEX:
            return _safe(parts, ".index.json")
        return _safe([*parts, run_id, Path(name).stem], Path(name).suffix)


def _safe(parts: list[str], ending: str) -> str:
    """Parts joined by `~`, other characters than letters, digits and `_.()=-` replaced.

    What was changed or cut gets a checksum, so that different names stay different.
    """
    whole = "~".join(parts)
    joined = "~".join(_UNSAFE.sub("_", part) for part in parts)
    if joined != whole or len(joined) > NAME_LIMIT:
        joined = f"{joined[:NAME_LIMIT]}~{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return joined + ending
