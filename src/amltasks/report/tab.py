"""What the run's Notebooks tab shows: attachments of the step, found again through one JSON index.

Azure DevOps lists a run's attachments by type and name only, and names are unique only within a job. So every name
carries stage, job, attempt and step, and the index says what belongs together. The tab lists attachments of type
`amltasks.notebooks` whose name ends in `.index.json` and reads the others by the names it finds there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amltasks.report.files import write_whole
from amltasks.report.model import ArtefactKind, NotebookResult, Report
from amltasks.report.publisher import Publisher
from amltasks.report.tab_names import attachment_name
from amltasks.report.tab_records import INDEX, TYPE, TabContext, TabFile, TabIndex, TabResult

_INDEX_FILE = "index.json"
SIZE_LIMIT = 50_000_000  # bytes of one file; larger ones are named in the index, not attached


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
        self.path = folder / _INDEX_FILE
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
        self._attachments.append(Attachment(TYPE, attachment_name(self._context, ending=INDEX), self.path))

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
        file = Path(name)
        return attachment_name(self._context, run_id, file.stem, ending=file.suffix)
