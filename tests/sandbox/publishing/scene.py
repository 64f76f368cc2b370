"""A sandbox with one build, and notebooks' results to publish there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from amltasks.devops.pacing import Clock
from amltasks.devops.pipeline import PipelineContext
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import (
    Artefact,
    ArtefactKind,
    CellError,
    CellOutcome,
    CellResult,
    NotebookResult,
    Outcome,
    Report,
)
from amltasks.report.test_run import TestRunOptions, TestRunPublisher
from sandbox.devops.test.models import Run
from sandbox.faults import Fault
from sandbox.server import Server
from sandbox.world import World
from tests.recordings import record

ROOT = Path(__file__).parents[3]
STARTED = datetime(2026, 5, 4, 10, 0, tzinfo=timezone.utc)


class SkippingClock(Clock):
    """Time that passes at once when it is waited for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> float:
        return time.monotonic() + sum(self.waits)

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self.waits.append(seconds)


class Scene:
    """One sandbox and what is published to it. `publish` may be called again, as a retried task does it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = record(World.open())
        self.build = self.world.builds.create(
            "notebooks", source_branch="refs/heads/main", source_version="0" * 40, repository="demo"
        )
        self.token = self.world.tokens.issue("Project Collection Build Service")
        self.server = Server(self.world)
        self.server.start()
        self.clock = SkippingClock()

    def variables(self) -> dict[str, str]:
        """What the agent tells the task of its pipeline."""
        return {
            "System.CollectionUri": self.server.collection_url,
            "System.TeamProject": self.world.project.name,
            "Build.BuildId": str(self.build.id),
            "Build.BuildUri": self.build.uri,
            "System.StageName": "Test",
            "System.StageAttempt": "1",
            "System.PhaseName": "Notebooks",
            "System.PhaseAttempt": "1",
            "System.JobName": "Run",
            "System.JobAttempt": "1",
            "System.JobId": "12f1170f-54f2-53f3-20dd-22fc7dff55f9",
            "System.TaskInstanceId": "5c5a8a6e-6a8b-5a5c-bd5c-0a1b2c3d4e5f",
            "System.PullRequest.TargetBranch": "refs/heads/main",
            "Agent.MachineName": "agent-1",
        }

    def options(self, **changes: Any) -> TestRunOptions:
        return TestRunOptions(
            **{
                "url": self.server.collection_url,
                "token": self.token,
                "pipeline": PipelineContext.from_variables(self.variables()),
                **changes,
            }
        )

    def publish(
        self,
        results: Sequence[NotebookResult],
        *,
        cancelled: bool = False,
        seconds: float | None = None,
        clock: Clock | None = None,
        redact: Callable[[str], str] = str,
        between: Callable[[], None] = lambda: None,
        **changes: Any,
    ) -> TestRunPublisher:
        """One run of the task, from `begin` to `complete`. seconds: until the deadline. between: after each result."""
        publisher = TestRunPublisher(self.options(**changes), redact, clock=clock or self.clock)
        runs = [self.run_of(result) for result in results]
        publisher.begin("Notebooks", runs)
        for run, result in zip(runs, results, strict=True):
            publisher.finished(run, result)
            between()
        report = Report(
            title="Notebooks",
            results=tuple(results),
            started_at=STARTED,
            finished_at=datetime.now(timezone.utc),
            cancelled=cancelled,
        )
        publisher.complete(report, None if seconds is None else time.monotonic() + seconds)
        return publisher

    @contextmanager
    def publishing_process(self, file: Path, notebooks: int) -> Iterator[subprocess.Popen[str]]:
        """`publish_in_process` at work; it is killed when the context is left before it has ended."""
        command = [sys.executable, "-m", "tests.sandbox.publishing.publish_in_process", str(file), str(notebooks)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe
        ) as process:
            assert process.stdin is not None
            process.stdin.write(self.options().model_dump_json())
            process.stdin.close()
            process.stdin = None  # communicate would write to it
            try:
                yield process
            finally:
                process.kill()

    def run_of(self, result: NotebookResult) -> NotebookRun:
        return NotebookRun(
            run_id=result.run_id,
            source=self.folder / result.notebook,
            notebook=result.notebook,
            parameter_set=result.parameter_set,
            working_directory=self.folder,
            folder=self.folder,
        )

    def artefact(self, kind: ArtefactKind, name: str, content: bytes) -> Artefact:
        path = self.folder / hashlib.sha256(name.encode() + content).hexdigest()[:16]
        path.write_bytes(content)
        return Artefact(kind=kind, path=path, name=name)

    @property
    def runs(self) -> list[Run]:
        return self.world.tests.all()

    def contents(self, run_id: int, result_id: int) -> dict[str, bytes]:
        """What is attached to a result, by name."""
        tests = self.world.tests
        return {each.file_name: tests.attachment(run_id, each.id)[1] for each in tests.attachments(run_id, result_id)}

    def state(self) -> list[Any]:
        """All that was published, without what differs from run to run: times, ids and the order of results."""
        return [self._state_of(run) for run in self.runs]

    def _state_of(self, run: Run) -> Any:
        tests = self.world.tests
        results = []
        for result in tests.results(run.id):
            place = (run.id, result.id or 0)
            cells = [(cell.display_name, cell.outcome, cell.error_message) for cell in tests.sub_results(*place)]
            files = tests.attachments(*place)
            attached = [(each.file_name, tests.attachment(run.id, each.id)[1]) for each in files]
            said = (result.error_message, result.stack_trace, result.comment)
            results.append((result.automated_test_name, result.outcome, said, cells, sorted(attached)))
        return run.request.name, run.state, run.substate, sorted(results)

    def requests(self, method: str = "*", path: str = "*") -> list[Any]:
        """The exchanges so far that match, as a fault would."""
        rule = Fault(method=method, path=path)
        return [each for each in self.world.journal.exchanges if rule.matches(each.method, each.url.partition("?")[0])]

    def close(self) -> None:
        self.server.stop()
        self.world.close()


def notebook_result(number: int = 1, outcome: Outcome = Outcome.PASSED, **changes: Any) -> NotebookResult:
    """A notebook with three cells, the second of which decides."""
    decisive = {Outcome.PASSED: CellOutcome.PASSED, Outcome.TIMED_OUT: CellOutcome.TIMED_OUT}
    failed = outcome != Outcome.PASSED
    error = (
        CellError(name="ValueError", value="no data", traceback="Traceback …\nValueError: no data") if failed else None
    )
    outcomes = [CellOutcome.PASSED, decisive.get(outcome, CellOutcome.FAILED)]
    outcomes.append(CellOutcome.NOT_EXECUTED if failed else CellOutcome.PASSED)
    cells = tuple(
        CellResult(
            index=index,
            position=index,
            title=f"Load · cell {index + 1}",
            outcome=each,
            started_at=STARTED + timedelta(seconds=index),
            duration=0.5,
            error=error if index == 1 else None,
        )
        for index, each in enumerate(outcomes)
    )
    given = {
        "run_id": f"notebooks-n{number:04}",
        "notebook": f"notebooks/n{number:04}.ipynb",
        "outcome": outcome,
        "message": "Cell 2 raised ValueError: no data" if failed else "",
        "cells": cells,
        "started_at": STARTED,
        "duration": 1.5,
    }
    return NotebookResult(**{**given, **changes})
