"""Checks as a test run in Azure DevOps: written when the command is over, each check a result with its files."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from amltasks.devops.attachments import Planned, plan_attachments
from amltasks.devops.pacing import Pace
from amltasks.errors import ServiceError
from amltasks.report.checks import Check, CheckReport
from amltasks.report.test_run import CLOSING_SECONDS, TestRunOptions
from amltasks.report.unpublished import Unpublished

if TYPE_CHECKING:
    from amltasks.devops.run_writer import RunWriter

HURRY_SECONDS = 4.0  # to publish when the command is cancelled


class CheckRun:
    """options: where; its `attach` is not looked at. stop: when it is set, a few seconds are left."""

    def __init__(self, options: TestRunOptions, stop: threading.Event | None = None) -> None:
        self._options = options
        self._stop = stop
        self._unpublished = Unpublished()
        self._failure: ServiceError | OSError | None = None
        self.run_id: int | None = None
        self.url = ""

    def publish(self, report: CheckReport, deadline: float | None = None) -> None:
        """Raises nothing that a service does: `problems` tell it. deadline: `time.monotonic()` to be back by."""
        ends = time.monotonic() + self._options.patience
        ends = ends if deadline is None else min(ends, deadline)
        writing, closing = _pace_until(ends - CLOSING_SECONDS), _pace_until(ends)
        if self._stop is not None:
            threading.Thread(target=self._hurry, args=(self._stop, writing, closing), daemon=True).start()
        try:
            with tempfile.TemporaryDirectory(prefix="amltasks-", ignore_cleanup_errors=True) as scratch:
                self._write(report, writing, closing, Path(scratch))
        except (ServiceError, OSError) as error:
            self._failure = error

    def problems(self) -> tuple[str, ...]:
        if self.run_id is None:
            return (f"The results are not published as a test run: {self._failure}",)
        return tuple(self._unpublished.sentences(self._failure))

    def _hurry(self, stop: threading.Event, writing: Pace, closing: Pace) -> None:
        stop.wait()
        writing.end_by(writing.now() + HURRY_SECONDS - CLOSING_SECONDS)
        closing.end_by(closing.now() + HURRY_SECONDS)

    def _write(self, report: CheckReport, writing: Pace, closing: Pace, scratch: Path) -> None:
        from amltasks.devops.client import Client
        from amltasks.devops.run_writer import RunWriter
        from amltasks.devops.test_runs import CHECKS

        options = self._options
        with Client(options.url, options.token, writing) as client:
            writer = RunWriter(client, options.pipeline, report.title, report.started_at, tag=CHECKS)
            writer.open()
            self.run_id, self.url = writer.run_id, writer.url
            try:
                self._write_results(writer, report, writing, scratch)
            except ServiceError as error:
                self._failure = error
        comment = " ".join([*writer.notes, *report.notes, *self._unpublished.sentences(self._failure)])
        with Client(options.url, options.token, closing) as client:
            try:
                writer.close(client, report.finished_at, cancelled=report.cancelled, comment=comment)
            except ServiceError as error:
                self._unpublished.add("end", "the end of the run")
                self._unpublished.because("end", error)

    def _write_results(self, writer: RunWriter, report: CheckReport, pace: Pace, scratch: Path) -> None:
        from amltasks.devops.entries import CheckEntry

        planned: list[tuple[CheckEntry, Planned]] = []
        for number, (name, check) in enumerate(zip(_names(report.checks), report.checks, strict=True)):
            mark = f"({report.started_at:%H.%M.%S})" if writer.continues(name) else ""
            files = plan_attachments(check.files, scratch / str(number), pace, mark=mark)
            planned.append((CheckEntry(name, check, files.notes), files))
            self._unpublished.add(name, check.name)
        written = writer.write([entry for entry, _ in planned])
        for entry, files in planned:
            outcome = written[entry.name]
            if isinstance(outcome, ServiceError):
                self._unpublished.because(entry.name, outcome)
                continue
            self._unpublished.remove(entry.name)
            for attachment in files.attachments:
                key = f"{entry.name}\n{attachment.name}"
                self._unpublished.add(key, f"{attachment.name} of {entry.check.name}")
                try:
                    writer.attach(outcome, attachment)
                except ServiceError as error:
                    self._unpublished.because(key, error)
                else:
                    self._unpublished.remove(key)


def _names(checks: Sequence[Check]) -> list[str]:
    """Names of the tests: the group's and the check's, those that come again with a number."""
    seen: Counter[str] = Counter()
    names = []
    for check in checks:
        name = f"{check.group}: {check.name}"[:240]
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _pace_until(end: float) -> Pace:
    pace = Pace()
    pace.end_by(pace.now() + max(0.0, end - time.monotonic()))
    return pace
