"""What the run's Notebooks tab shows: attachments of the step, found again through one JSON index.

Azure DevOps lists a run's attachments by type and name only, and names are unique only within a job. So every name
carries stage, job, attempt and step, and the index says what belongs together. The tab lists attachments of type
`amltasks.notebooks` whose name ends in `.index.json`, or in `.progress.json` while the step runs, and reads the others
by the names it finds there.

The agent uploads in the background, so what is attached never changes afterwards, and an index is attached after the
files that it names. Each state has a file of its own with a greater number, also when the agent tries the step again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from amltasks.platforms.base import (
    CellFinished,
    CellStarted,
    KernelStarted,
    NotebookRun,
    OutputText,
    Progress,
    RunEvent,
)
from amltasks.report.executed import environment_of
from amltasks.report.files import write_whole
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Report, harmless_address
from amltasks.report.publisher import Publisher
from amltasks.report.tab_limits import NAME, NOTE, NOTES, PATH, SIZE_LIMIT, THUMBNAIL_BYTES, bounded
from amltasks.report.tab_names import Attachment, attachment_name
from amltasks.report.tab_pulse import Pulse
from amltasks.report.tab_records import (
    CELLS,
    INDEX,
    PROGRESS,
    TYPE,
    TabContext,
    TabFile,
    TabIndex,
    TabResult,
    TabState,
)
from amltasks.report.tab_result import finished, planned

FOLDER = "tab"  # in the results folder
_NUMBERED = re.compile(r"(\d+)\.progress\.json")
_TOO_LARGE = "Too large for the tab: it lies in the results folder."


class TabFiles(Publisher):
    """Attaches each result's files when it has ended, how far the step is while it runs, and the index in the end.

    attach: tells the agent, in the order given. redact: for what does not come redacted. From any thread.
    """

    name = "Notebooks tab"

    def __init__(
        self,
        folder: Path,
        context: TabContext,
        attach: Callable[[Sequence[Attachment]], None],
        redact: Callable[[str], str] = str,
    ) -> None:
        self._folder = folder / FOLDER
        self._context = context
        self._attach = attach
        self._redact = redact
        self._lock = threading.Lock()
        self._title = ""
        self._started_at = datetime.now(timezone.utc)
        self._results: dict[str, TabResult] = {}
        self._number = 0
        self._environments: dict[str, str] = {}
        self._records: dict[str, Path] = {}
        self._problems: list[str] = []
        self._pulse = Pulse(self._tell_progress)

    def look(self, result: NotebookResult, notebook: Mapping[str, Any]) -> None:
        """Keeps the record of an executed notebook, before its result is known to be finished. Raises OSError."""
        from amltasks.report.tab_cells import cells_record

        record = cells_record(result, notebook)
        self._environments[result.run_id] = bounded(environment_of(notebook), NAME)
        path = self._folder / f"{result.run_id}{CELLS}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, record.model_dump_json(by_alias=True) + "\n", durable=False)
        self._records[result.run_id] = path

    def begin(self, title: str, runs: Sequence[NotebookRun]) -> None:
        self._title = title
        self._results = {run.run_id: planned(run) for run in runs}
        self._number = _last_number(self._folder)
        self._pulse.begin()

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        if isinstance(event, OutputText):
            return
        with self._lock:
            before = self._results[run.run_id]
            after = self._results[run.run_id] = _after(before, event)
        if after is not before:
            self._pulse.changed()

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        self._take(result)
        self._pulse.changed()

    def complete(self, report: Report, deadline: float | None = None) -> None:
        self._pulse.end()
        for result in report.results:
            if self._results.get(result.run_id, _NONE).state is not TabState.FINISHED:
                self._take(result)
        self._write_index(report)

    def amend(self, report: Report) -> None:
        """Attaches the index once more, with the problems that have come since. Raises OSError."""
        self._write_index(report)

    def problems(self) -> tuple[str, ...]:
        return tuple(self._problems)

    def _take(self, result: NotebookResult) -> None:
        """Attaches a result's files."""
        attachments: list[Attachment] = []
        files = tuple(
            self._file(result, artefact, SIZE_LIMIT, attachments)
            for artefact in result.artefacts
            if artefact.kind in {ArtefactKind.HTML, ArtefactKind.NOTEBOOK} and artefact.path.is_file()
        )
        pictures = [artefact for artefact in result.artefacts if artefact.kind is ArtefactKind.IMAGE]
        last = next((picture for picture in reversed(pictures) if picture.path.is_file()), None)
        thumbnail = self._file(result, last, THUMBNAIL_BYTES, attachments) if last else None
        record = self._records.get(result.run_id)
        if record:
            name = attachment_name(self._context, result.run_id, ending=CELLS)
            attachments.append(Attachment(TYPE, name, record))
        shown = finished(result).model_copy(
            update={
                "environment": self._environments.get(result.run_id, ""),
                "record": attachments[-1].name if record else "",
                "thumbnail": thumbnail,
                "files": files,
            }
        )
        if attachments:
            self._attach(attachments)
        with self._lock:
            self._results[result.run_id] = shown

    def _file(self, result: NotebookResult, artefact: Artefact, most: int, attachments: list[Attachment]) -> TabFile:
        size = artefact.path.stat().st_size
        name, note = "", _TOO_LARGE
        if size <= most:
            file = Path(artefact.name)
            name, note = attachment_name(self._context, result.run_id, file.stem, ending=file.suffix), artefact.note
            attachments.append(Attachment(TYPE, name, artefact.path))
        return TabFile(kind=artefact.kind, name=artefact.name, attachment=name, size=size, note=bounded(note, NOTE))

    def _tell_progress(self) -> int:
        """How far the step is, in a file of its own; its size. A disk that refuses is a problem, told once."""
        index = self._index(None)
        try:
            return self._write(f"{index.number}{PROGRESS}", f".{index.number}{PROGRESS}", index)
        except OSError as error:
            if not self._problems:
                self._problems.append(f"The Notebooks tab could not follow the step: {error.strerror or error}.")
            return 0

    def _write_index(self, report: Report) -> None:
        index = self._index(report)
        self._write(INDEX.removeprefix("."), INDEX, index)

    def _index(self, report: Report | None) -> TabIndex:
        """report: None while the step runs."""
        with self._lock:
            self._number += 1
            shown = (
                self._results
                if report is None
                else {each.run_id: self._results[each.run_id] for each in report.results}
            )
            return TabIndex(
                number=self._number,
                context=self._context,
                title=bounded(self._redact(report.title if report else self._title), PATH),
                started_at=report.started_at if report else self._started_at,
                finished_at=report.finished_at if report else None,
                cancelled=report.cancelled if report else False,
                problems=self._sentences(report.problems) if report else (),
                notes=self._sentences(report.notes) if report else (),
                results=tuple(shown.values()),
            )

    def _sentences(self, sentences: Sequence[str]) -> tuple[str, ...]:
        return tuple(bounded(self._redact(sentence), NOTE) for sentence in sentences[:NOTES])

    def _write(self, file: str, ending: str, index: TabIndex) -> int:
        path = self._folder / file
        text = index.model_dump_json(by_alias=True) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text, durable=False)
        self._attach([Attachment(TYPE, attachment_name(self._context, ending=ending), path)])
        return len(text)


class TabAmendment(Publisher):
    """Called after those who publish over the network: the index is there before them, and says what they could not."""

    name = "Notebooks tab"

    def __init__(self, tab: TabFiles) -> None:
        self._tab = tab

    def complete(self, report: Report, deadline: float | None = None) -> None:
        if report.problems:
            self._tab.amend(report)


_NONE = TabResult(run_id="", title="", notebook="", state=TabState.PLANNED)


def _after(result: TabResult, event: RunEvent) -> TabResult:
    """What is known of a run that goes on; the same where an event tells nothing new of it."""
    known: dict[str, Any] = {}
    if isinstance(event, KernelStarted):
        known = {"cells": result.cells.model_copy(update={"total": event.cells, "done": 0})}
    elif isinstance(event, CellStarted):
        known = {"current": bounded(event.title, NAME)}
    elif isinstance(event, CellFinished):
        known = {"cells": result.cells.model_copy(update={"done": event.number})}
    elif isinstance(event, Progress) and not result.cells.done:
        page = harmless_address(event.page)
        known = {"studio": page} if page else {"current": bounded(event.text, NAME)}
    if not known or result.state is TabState.FINISHED:
        return result
    if result.state is TabState.PLANNED:
        known |= {"state": TabState.RUNNING, "started_at": datetime.now(timezone.utc)}
    return result.model_copy(update=known)


def _last_number(folder: Path) -> int:
    """The greatest number of a former try of this step."""
    found = [_NUMBERED.fullmatch(path.name) for path in folder.glob("*")]
    return max((int(match[1]) for match in found if match), default=0)
