"""One test run, written so that nothing is lost and nothing doubled, whatever becomes of single requests.

Reading and PATCH are repeated as they are. A POST without a clear answer is repeated only after a look whether it was
carried out: runs are recognized by their marker, results by their test's name, attachments by their file name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from amltasks.devops import test_runs
from amltasks.devops.attachments import Attachment, Base64Part
from amltasks.devops.client import Client
from amltasks.devops.entries import Entry
from amltasks.devops.pipeline import PipelineContext
from amltasks.devops.sdk import models
from amltasks.devops.test_runs import Redact
from amltasks.devops.transport import FEW, UnclearWriteError
from amltasks.errors import ServiceError

PAGE = 1000
CLOSED = ("Completed", "Aborted", "NeedsInvestigation")
UNFIT = (400, 413, 422, 500)  # statuses that may be due to a single result among many


class RunWriter:
    """`open` first. `attach` may be called from many threads, the others from one. All raise ServiceError.

    run_id, url: of the run that is written to; notes: what a reader of the log should know about it.
    """

    def __init__(
        self,
        client: Client,
        pipeline: PipelineContext,
        title: str,
        started_at: datetime,
        redact: Redact = str,
        *,
        tag: str = test_runs.NOTEBOOKS,
    ) -> None:
        self._client = client
        self._pipeline = pipeline
        self._title = redact(title)
        self._marker = test_runs.marker(title, pipeline)
        self._started_at = started_at
        self._redact = redact
        self._tag = tag
        self._ids: dict[str, int] = {}
        self._earlier: frozenset[int] = frozenset()  # results that an earlier try of the task has written
        self._closed = False
        self.run_id: int | None = None
        self.url = ""
        self.notes: list[str] = []

    def open(self) -> None:
        """Continue the run that an earlier try of the task has begun, or create one."""
        found = self._find()
        if found is None:
            self._create()
            return
        self._use(found)
        if found.state in CLOSED:
            self._reopen()
        self._ids = {result.automated_test_name or result.test_case_title: result.id for result in self._results()}
        self._earlier = frozenset(self._ids.values())

    def write(self, entries: Sequence[Entry]) -> dict[str, int | ServiceError]:
        """Add results, or bring those of an earlier try up to date; by name, the result's id or why it is not there."""
        known = [entry for entry in entries if entry.name in self._ids]
        new = [entry for entry in entries if entry.name not in self._ids]
        try:
            return self._each(known, self._update) | self._each(new, self._add)
        except ServiceError as error:
            if not self._closed or error.status is None or not 400 <= error.status < 500:
                raise
            self._replace(error)
            return self.write(entries)

    def continues(self, name: str) -> bool:
        """Whether an earlier try of the task has written a result of this name."""
        return self._ids.get(name) in self._earlier

    def attach(self, result_id: int, attachment: Attachment) -> None:
        """Attach a file to a result; its name must be new there."""

        def look() -> bool | None:
            return attachment.name in self._attached(result_id) or None

        with self._client.streamed(Base64Part(attachment)) as stream:
            request = models.TestAttachmentRequestModel(
                attachment_type=attachment.kind,
                comment=attachment.comment or None,
                file_name=attachment.name,
                stream=stream,
            )

            def call(test: Any) -> bool:
                test.create_test_result_attachment(request, self._pipeline.project, self.run_id, result_id)
                return True

            self._client.test_once(call, look)

    def close(self, client: Client, finished_at: datetime, *, cancelled: bool, comment: str = "") -> None:
        """End the run. client: one that has time for it; the writer's own may have used its up."""
        after_start = max(finished_at, self._started_at + timedelta(milliseconds=1))
        request = test_runs.run_to_close(after_start, cancelled=cancelled, comment=self._redact(comment))
        try:
            client.test(lambda test: test.update_test_run(request, self._pipeline.project, self.run_id))
        except ServiceError as error:
            if error.status is None or not 400 <= error.status < 500:
                raise
            run = client.test(lambda test: test.get_test_run_by_id(self._pipeline.project, self.run_id))
            if run.state != request.state:
                raise

    # The run

    def _find(self) -> Any | None:
        """The newest run with our marker."""
        found = [run for run in self._runs_of_pipeline() if self._is_ours(run)]
        return max(found, key=lambda run: int(run.id), default=None)

    def _runs_of_pipeline(self) -> Iterator[Any]:
        project, pipeline = self._pipeline.project, self._pipeline
        if pipeline.build_id is not None:
            return _pages(
                lambda skip: self._client.test(
                    lambda test: test.get_test_runs(
                        project,
                        build_uri=pipeline.build_uri,
                        automated=True,
                        include_run_details=True,
                        skip=skip,
                        top=PAGE,
                    )
                )
            )
        if pipeline.release_id is not None:
            now = datetime.now(timezone.utc)
            return iter(
                self._client.test(
                    lambda test: test.query_test_runs(
                        project,
                        min_last_updated_date=now - timedelta(days=6),
                        max_last_updated_date=now + timedelta(hours=12),
                        is_automated=True,
                        release_ids=[pipeline.release_id],
                        run_title=self._title,
                        top=100,
                    )
                )
            )
        return iter(())

    def _is_ours(self, run: Any) -> bool:
        if run.tags is None and run.name == self._title:  # a listing need not have all of it
            run = self._client.test(lambda test: test.get_test_run_by_id(self._pipeline.project, run.id))
        return any(tag.name == self._marker for tag in run.tags or ())

    def _create(self) -> None:
        request = test_runs.run_to_create(self._title, self._marker, self._started_at, self._pipeline, self._tag)
        replaced = self.run_id

        def look() -> Any | None:
            found = self._find()
            return found if found is not None and found.id != replaced else None

        self._use(self._client.test_once(lambda test: test.create_test_run(request, self._pipeline.project), look))
        self._ids, self._earlier, self._closed = {}, frozenset(), False

    def _use(self, run: Any) -> None:
        self.run_id = int(run.id)
        project = self._pipeline.project
        self.url = run.web_access_url or f"{self._client.url}{project}/_TestManagement/Runs?runId={run.id}&_a=runCharts"

    def _reopen(self) -> None:
        request = test_runs.run_to_reopen()
        try:
            self._client.test(lambda test: test.update_test_run(request, self._pipeline.project, self.run_id))
        except ServiceError as error:
            if error.status is None or not 400 <= error.status < 500:
                raise
            self._closed = True  # what it has can mostly be updated all the same

    def _replace(self, error: ServiceError) -> None:
        earlier = self.run_id
        self._create()
        self.notes.append(
            f"Test run {earlier} of an earlier try could not be continued ({error}); run {self.run_id} takes its place."
        )

    # Results

    def _each(self, entries: Sequence[Entry], write: Callable[..., dict[str, int]]) -> dict[str, int | ServiceError]:
        """Write all at once; where that is refused, find those that are to blame and write the others."""
        if not entries:
            return {}
        try:
            return dict(write(entries))
        except ServiceError as error:
            if self._closed or error.status not in UNFIT:
                raise
            if len(entries) > 1:
                middle = len(entries) // 2
                return self._each(entries[:middle], write) | self._each(entries[middle:], write)
        try:
            return dict(write(entries, plain=True))
        except ServiceError as error:
            return {entries[0].name: error}

    def _add(self, entries: Sequence[Entry], plain: bool = False) -> dict[str, int]:
        # Part of them may be there from an attempt that was not answered, before they were divided.
        missing = [entry for entry in entries if entry.name not in self._ids]

        def call(test: Any) -> dict[str, int]:
            requests = [entry.request(self._pipeline.computer, self._redact, plain) for entry in missing]
            answers = test.add_test_results_to_test_run(requests, self._pipeline.project, self.run_id)
            if len(answers) != len(missing):
                error = ServiceError(f"Azure DevOps confirmed {len(answers)} of {len(missing)} results.")
                raise UnclearWriteError(error, FEW)
            self._ids.update((entry.name, answer.id) for entry, answer in zip(missing, answers, strict=True))
            return self._ids

        def look() -> dict[str, int] | None:
            there = {result.automated_test_name or result.test_case_title: result.id for result in self._results()}
            self._ids.update((entry.name, there[entry.name]) for entry in missing if entry.name in there)
            missing[:] = [entry for entry in missing if entry.name not in there]
            return None if missing else self._ids

        if missing:
            self._client.test_once(call, look)
        return {entry.name: self._ids[entry.name] for entry in entries}

    def _update(self, entries: Sequence[Entry], plain: bool = False) -> dict[str, int]:
        ids = {entry.name: self._ids[entry.name] for entry in entries}
        requests = [entry.request(self._pipeline.computer, self._redact, plain) for entry in entries]
        for entry, request in zip(entries, requests, strict=True):
            request.id = ids[entry.name]
        self._client.test(lambda test: test.update_test_results(requests, self._pipeline.project, self.run_id))
        return ids

    def _results(self) -> Iterator[Any]:
        return _pages(
            lambda skip: self._client.test(
                lambda test: test.get_test_results(self._pipeline.project, self.run_id, skip=skip, top=PAGE)
            )
        )

    def _attached(self, result_id: int) -> frozenset[str]:
        answers = self._client.test(
            lambda test: test.get_test_result_attachments(self._pipeline.project, self.run_id, result_id)
        )
        return frozenset(answer.file_name for answer in answers)


def _pages(page: Callable[[int], list[Any]]) -> Iterator[Any]:
    """All items of a listing. page: gives those from a number on, at most PAGE."""
    skip = 0
    while items := page(skip):
        yield from items
        if len(items) < PAGE:
            return
        skip += len(items)
