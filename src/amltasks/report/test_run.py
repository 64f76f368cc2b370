"""Publishes a report as a test run in Azure DevOps, while the notebooks are still running.

One thread writes results, all that have queued up in one request; a few more upload attachments. What the thread that
runs the notebooks sees of it returns at once, until `complete`.
"""

from __future__ import annotations

import math
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from amltasks.data import Data
from amltasks.devops.attachments import LARGEST, Attachment, Planned, plan_attachments
from amltasks.devops.pacing import Clock, Pace
from amltasks.devops.pipeline import PipelineContext
from amltasks.devops.uploads import Uploads
from amltasks.errors import ServiceError
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Report
from amltasks.report.publisher import Publisher
from amltasks.report.unpublished import Unpublished

if TYPE_CHECKING:
    from amltasks.devops.entries import NotebookEntry
    from amltasks.devops.run_writer import RunWriter

MOST_RESULTS = 1000  # in one request
MOST_CELLS = 10_000  # in one request: keeps it at a few megabytes
CLOSING_SECONDS = 2.0  # of the time that is left, kept for closing the run
LOOK_SECONDS = 0.1  # between looks whether there is still time


class TestRunOptions(Data):
    """Where and what to publish.

    url: the collection's. token: the job's. attach: kinds of files; attach_for: of which results.
    largest_attachment: bytes. connections: uploads at once.
    patience: seconds for what is still to be published after the last notebook; a deadline may leave less.
    """

    __test__ = False

    url: str
    token: str = Field(repr=False)
    pipeline: PipelineContext
    attach: frozenset[ArtefactKind] = frozenset(ArtefactKind)
    attach_for: Literal["all", "failed"] = "all"
    largest_attachment: int = LARGEST
    connections: int = 16
    patience: float = 120.0


class TestRunPublisher(Publisher):
    """redact: a second net for titles, messages and file names; files and results arrive redacted.

    run_id, url: of the test run, after `complete`; None and empty where there is none.
    """

    __test__ = False
    name = "Test run"

    def __init__(
        self, options: TestRunOptions, redact: Callable[[str], str] = str, *, clock: Clock | None = None
    ) -> None:
        self._options = options
        self._redact = redact
        self._pace = Pace(clock=clock)
        self._unpublished = Unpublished()
        self._waiting: queue.SimpleQueue[NotebookResult | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="test-run", daemon=True)
        self._writer: RunWriter | None = None
        self._failure: BaseException | None = None
        self._end = self._publish_until = math.inf  # `time.monotonic()` by which `complete` returns, and closes
        self.run_id: int | None = None
        self.url = ""

    def begin(self, title: str, runs: Sequence[NotebookRun]) -> None:
        self._title = title
        self._started_at = datetime.now(timezone.utc)
        self._titles = [(run.run_id, run.title) for run in runs]
        self._thread.start()

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        self._unpublished.add(result.run_id, result.title)
        self._waiting.put(result)

    def complete(self, report: Report, deadline: float | None = None) -> None:
        """Wait until all is published, but in time to close the run before the deadline."""
        patience_ends = time.monotonic() + self._options.patience + CLOSING_SECONDS
        self.hurry(patience_ends if deadline is None else min(deadline, patience_ends))
        self._waiting.put(None)
        while self._thread.is_alive() and time.monotonic() < self._publish_until:
            self._thread.join(LOOK_SECONDS)
        if self._writer is not None and self._writer.run_id is not None:
            self.run_id, self.url = self._writer.run_id, self._writer.url
            self._close(self._writer, report, self._pace.until(self._end - time.monotonic() + self._pace.now()))
        if self._failure is not None and not isinstance(self._failure, (ServiceError, OSError)):
            raise self._failure

    def hurry(self, deadline: float) -> None:
        now = time.monotonic()
        self._end = min(self._end, deadline)
        self._publish_until = self._end - min(CLOSING_SECONDS, max(0.0, self._end - now) / 3)
        self._pace.end_by(self._publish_until - now + self._pace.now())

    def links(self) -> dict[str, str]:
        return {"Test run": self.url} if self.url else {}

    def problems(self) -> tuple[str, ...]:
        if self.run_id is None:
            why = self._failure or "Azure DevOps did not answer in time."
            return (f"The results are not published as a test run: {why}",)
        return tuple(self._unpublished.sentences(self._failure))

    # In the thread

    def _work(self) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="amltasks-", ignore_cleanup_errors=True) as scratch:
                self._publish_all(Path(scratch))
        except BaseException as error:
            self._failure = error

    def _publish_all(self, scratch: Path) -> None:
        from amltasks.devops.client import Client
        from amltasks.devops.run_writer import RunWriter
        from amltasks.devops.test_runs import names_of

        options = self._options
        names = names_of(self._titles, self._redact)
        with Client(options.url, options.token, self._pace) as client:
            self._writer = writer = RunWriter(client, options.pipeline, self._title, self._started_at, self._redact)
            writer.open()
            uploads = Uploads(options.connections, self._pace)
            for batch in self._batches():
                self._publish(writer, [self._planned(writer, result, names, scratch) for result in batch], uploads)
            uploads.finish()

    def _batches(self) -> Iterator[list[NotebookResult]]:
        """All that has queued up, as far as it goes into one request, until the end."""
        result = self._waiting.get()
        while result is not None:
            batch, cells = [result], len(result.cells)
            while True:
                try:
                    result = self._waiting.get_nowait()
                except queue.Empty:
                    yield batch
                    result = self._waiting.get()
                    break
                if result is None or len(batch) == MOST_RESULTS or cells + len(result.cells) > MOST_CELLS:
                    yield batch
                    break
                batch.append(result)
                cells += len(result.cells)

    def _planned(
        self, writer: RunWriter, result: NotebookResult, names: dict[str, str], scratch: Path
    ) -> tuple[NotebookEntry, Planned]:
        """A result as it is written, and what will be attached to it."""
        from amltasks.devops.entries import NotebookEntry

        name = names[result.run_id]
        planned = plan_attachments(
            self._files_of(result),
            scratch / result.run_id,
            self._pace,
            mark=f"({self._started_at:%H.%M.%S})" if writer.continues(name) else "",
            largest=self._options.largest_attachment,
            redact=self._redact,
        )
        return NotebookEntry(name, result, planned.notes), planned

    def _files_of(self, result: NotebookResult) -> list[Artefact]:
        if self._options.attach_for == "failed" and result.ok:
            return []
        return [artefact for artefact in result.artefacts if artefact.kind in self._options.attach]

    def _publish(self, writer: RunWriter, batch: Sequence[tuple[NotebookEntry, Planned]], uploads: Uploads) -> None:
        entries = [entry for entry, _ in batch]
        written: dict[str, int | ServiceError]
        try:
            written = writer.write(entries)
        except ServiceError as error:
            written = {entry.name: error for entry in entries}
        for entry, planned in batch:
            outcome = written[entry.name]
            if isinstance(outcome, ServiceError):
                self._unpublished.because(entry.result.run_id, outcome)
                continue
            self._unpublished.remove(entry.result.run_id)
            for attachment in planned.attachments:
                self._upload(writer, outcome, entry.result, attachment, uploads)

    def _upload(
        self, writer: RunWriter, result_id: int, result: NotebookResult, attachment: Attachment, uploads: Uploads
    ) -> None:
        key = f"{result.run_id}\n{attachment.name}"
        self._unpublished.add(key, f"{attachment.name} of {result.title}")

        def upload() -> None:
            try:
                writer.attach(result_id, attachment)
            except ServiceError as error:
                self._unpublished.because(key, error)
            except BaseException as error:
                self._failure = error
                raise
            else:
                self._unpublished.remove(key)

        uploads.submit(upload)

    def _close(self, writer: RunWriter, report: Report, pace: Pace) -> None:
        from amltasks.devops.client import Client

        comment = " ".join([*writer.notes, *self._unpublished.sentences(self._failure)])
        try:
            with Client(self._options.url, self._options.token, pace) as client:
                writer.close(client, report.finished_at, cancelled=report.cancelled, comment=comment)
        except ServiceError as error:
            self._unpublished.add("end", "the end of the run")
            self._unpublished.because("end", error)
