"""One record of the timeline while it runs: its log, its issues, its progress and how it is going to end."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sandbox.agent.cancellation import Cancellation
from sandbox.agent.delivery import Delivery
from sandbox.agent.endpoints import Endpoint
from sandbox.agent.masking import Masker
from sandbox.agent.pipeline import Restrictions
from sandbox.agent.process import Timing
from sandbox.agent.variables import Variables
from sandbox.agent.verdict import Verdict
from sandbox.devops.build.documents import Build
from sandbox.devops.build.state import Builds

MAX_ISSUES = 10


@dataclass
class JobScope:
    """What all steps of one job share."""

    build: Build
    builds: Builds
    record_id: str
    variables: Variables
    masker: Masker
    delivery: Delivery
    timing: Timing
    show: Callable[[str], None]
    environment: Mapping[str, str]
    node: str
    token: str
    collection_url: str
    project_name: str
    repository: Path
    working_tree: bool
    lookup_id: str
    endpoints: tuple[Endpoint, ...] = ()
    path_entries: list[str] = field(default_factory=list)
    cancellation: Cancellation = field(default_factory=Cancellation)
    deadline: Cancellation = field(default_factory=Cancellation)  # the end of what a canceled job may still do
    verdict: Verdict | None = None
    outputs: dict[str, str] = field(default_factory=dict)

    def directory(self, variable: str) -> Path:
        """The folder that a variable such as `Agent.TempDirectory` names."""
        return Path(self.variables.get(variable) or "")

    def status(self, verdict: Verdict | None) -> None:
        """Set how the job stands, for conditions and tasks."""
        self.verdict = verdict
        self.variables.set("Agent.JobStatus", (verdict or Verdict.Succeeded).name)


class Execution:
    """A step, or the job's own beginning and end. Methods may be called from any thread."""

    def __init__(
        self, job: JobScope, record_id: str, ref_name: str, restrictions: tuple[Restrictions, ...] = ()
    ) -> None:
        self.job = job
        self.record_id = record_id
        self.ref_name = ref_name
        self.restrictions = restrictions
        self.verdict: Verdict | None = None
        self.command_verdict: Verdict | None = None
        self.output_names: frozenset[str] = frozenset()
        self.task_variables = Variables(job.masker)
        self.cancellation = Cancellation()
        self.released = Cancellation()
        self.pending: list[tuple[str, Callable[[], None]]] = []  # carried out when the step ends
        self.details: dict[uuid.UUID, uuid.UUID | None] = {}  # records made by task.logdetail, with their parents
        self._percent = 0
        self._lines = 0
        self._lock = threading.Lock()

    # The log

    def output(self, text: str) -> int:
        """Write to the log, masked; returns the number of the first line written."""
        masked = self.job.masker.mask(text)
        with self._lock:
            first = self._lines + 1
            for line in re.split(r"\r\n|\r|\n", masked):
                self._lines += 1
                self.job.delivery.line(self.record_id, line)
                self.job.show(line)
            return first

    def section(self, text: str) -> None:
        self.output(f"##[section]{text}")

    def command(self, text: str) -> None:
        self.output(f"##[command]{text}")

    def debug(self, text: str) -> None:
        """Shown only when `System.Debug` is true."""
        if self.job.variables.is_true("System.Debug"):
            self.output(f"##[debug]{text}")

    def error(self, message: str) -> None:
        self.issue("error", message, {})

    def warning(self, message: str) -> None:
        self.issue("warning", message, {})

    def issue(self, kind: Literal["error", "warning"], message: str, data: Mapping[str, str]) -> None:
        message = self.job.masker.mask(message)
        found = {key: self.job.masker.mask(value) for key, value in data.items()}
        if message:
            found["logFileLineNumber"] = str(self.output(f"##[{kind}]{message}"))
        self.job.builds.issue(self.job.build.id, self.record_id, kind, message, found)

    def progress(self, percent: int, operation: str = "") -> None:
        """percent: 0 to 100; never goes down."""
        self._percent = max(percent, self._percent)
        self.job.builds.update(
            self.job.build.id,
            self.record_id,
            percent_complete=self._percent,
            current_operation=self.job.masker.mask(operation) or None,
        )

    def release_later(self) -> None:
        """Stop waiting for the process soon: it has said that it is done."""
        timer = threading.Timer(self.job.timing.forced, self.released.request)
        timer.daemon = True
        timer.start()

    # What it leaves behind

    def set_variable(
        self, name: str, value: str, *, secret: bool, output: bool, read_only: bool, preserve_case: bool
    ) -> None:
        """An output variable, declared so here or by the task, is known as `<step>.<name>` only."""
        if output or name.lower() in self.output_names:
            full_name = f"{self.ref_name}.{name}"
            self.job.outputs[full_name] = value
            self.job.variables.set(
                full_name, value, secret=secret, read_only=output or read_only, preserve_case=preserve_case
            )
        else:
            self.job.variables.set(name, value, secret=secret, read_only=read_only, preserve_case=preserve_case)

    def attach(self, kind: str, name: str, path: Path) -> None:
        self.job.delivery.file(self.record_id, kind, name, path, self.debug)

    def start(self) -> None:
        self.job.builds.update(self.job.build.id, self.record_id, state="inProgress")

    def complete(self, verdict: Verdict | None = None) -> Verdict:
        """Deliver everything and close the record; without any verdict it has succeeded."""
        self.verdict = verdict if verdict is not None else self.verdict
        if self.verdict is None:
            self.verdict = Verdict.Succeeded
        self.job.delivery.drain()
        self.job.builds.update(self.job.build.id, self.record_id, state="completed", result=self.verdict.wire)
        return self.verdict
