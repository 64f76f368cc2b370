"""States and logs of all jobs of a command, with less than one request a second however many they are.

Few jobs are asked for one by one, which tells state and log. Many are listed, which tells the states of all, and in
between the logs of some that run are read in turn. While nothing changes, the pauses grow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from amltasks.errors import AmlTasksError, UserError
from amltasks.notebooks.wire import Decoder, Ended, Told
from amltasks.platforms.azureml.failures import BUILD_LOG, JOB_LOG
from amltasks.platforms.azureml.inside import MARK
from amltasks.platforms.azureml.logs import MOST_BYTES, Logs
from amltasks.platforms.azureml.service import ACTIVE, Job, RunDetails, Service
from amltasks.platforms.azureml.step import RUN
from amltasks.platforms.azureml.threads import in_thread
from amltasks.platforms.base import CellFinished, KernelStarted, OutputText, Progress, RunEvent
from amltasks.redaction import Redactor
from amltasks.report.model import CellResult

SHORTEST_GAP, LONGEST_GAP = 1.1, 10.0  # seconds between two requests
MANY_GAP = 1.6  # at least, for many jobs: what each has left is asked for beside that
_GROWTH = 1.2
_FEW = 3  # jobs that are asked for one by one
_LOGS_A_ROUND = 3
_PATIENCE = 15 * 60.0  # seconds without any answer until the watch is given up
_REFUSALS = 3  # in a row: whatever is refused for good
_TAIL = 200  # lines of a log that are kept for an error

_STATES = {
    "NotStarted": "Azure ML: the job is there",
    "Queued": "Azure ML: waiting for a node",
    "Preparing": "Azure ML: the environment is being prepared",
    "Provisioning": "Azure ML: a node is being made",
    "Starting": "Azure ML: starting on a node",
    "Running": "Azure ML: running",
    "Finalizing": "Azure ML: its files are being kept",
    "CancelRequested": "Azure ML: being cancelled",
}

_BEFORE_RUNNING = frozenset({"NotStarted", "Queued", "Preparing", "Provisioning", "Starting"})

_Answer = TypeVar("_Answer")


class WatchedJob:
    """What is known of one job. over: done when it has ended; fails when it can no longer be watched."""

    def __init__(self, name: str, emit: Callable[[RunEvent], None], redactor: Redactor, position: int) -> None:
        self.name = name
        self.position = position
        self.status = ""
        self.details = RunDetails()
        self.cells: list[CellResult] = []
        self.tail: list[str] = []
        self.started = False  # whether its runner has told of a kernel
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.read = 0  # bytes of its log
        self._emit = emit
        self._redactor = redactor
        self._decoder = Decoder(MARK)
        self._builds = False
        self._trouble = ""
        self._ahead = 0

    @property
    def runs(self) -> bool:
        return self.status in ("Running", "Finalizing", "CancelRequested")

    def saw_status(self, status: str, ahead: int = 0) -> bool:
        """ahead: how many jobs of the same command wait before it. Whether that was news."""
        ahead = ahead if status == "Queued" else 0
        if (status, ahead) == (self.status, self._ahead):
            return False
        if self.status == "Running" and status in _BEFORE_RUNNING:
            self._emit(Progress(text="Azure ML: its node was taken away (preempted); it begins anew on another"))
        self.status, self._ahead = status, ahead
        if status in _STATES:
            behind = f", {ahead} of this step before it" if ahead else ""
            self._emit(Progress(text=f"{_STATES[status]}{behind}"))
        if status not in ACTIVE and not self.over.done():
            self.over.set_result(None)
        return True

    def saw_trouble(self, text: str) -> None:
        """Said once for all of its kind."""
        if text != self._trouble:
            self._trouble = text
            self._emit(Progress(text=self._redactor.text(text)))

    def saw_details(self, details: RunDetails) -> None:
        self.details = details
        if BUILD_LOG in details.log_files and not self._builds:
            self._builds = True
            self._emit(Progress(text="Azure ML: the environment's image is being built"))

    def saw_log(self, data: bytes) -> None:
        self.read += len(data)
        for message in self._decoder.feed(data):
            if isinstance(message, Told):
                self._told(message.event)
            elif isinstance(message, str):
                text = self._redactor.text(message)
                self.tail = [*self.tail, text][-_TAIL:]
                self._emit(OutputText(text=text))
            else:
                assert isinstance(message, Ended)

    def saw_whole_log(self, data: bytes) -> None:
        """All of it, once it has ended."""
        self.saw_log(data[self.read :] + b"\n")

    def _told(self, event: RunEvent) -> None:
        event = type(event).model_validate(self._redactor.value(event.model_dump(mode="json")))
        if isinstance(event, KernelStarted):
            self.started = True
            self.cells.clear()  # of a node that was taken away
        elif isinstance(event, CellFinished):
            self.cells.append(event.cell)
        self._emit(event)


class Watch:
    """Of all jobs of a command."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._logs = Logs()
        self._runs: set[str] = set()  # tags by which the jobs are listed
        self._watched: dict[str, WatchedJob] = {}
        self._turns: asyncio.Task[None] | None = None
        self._gap = SHORTEST_GAP
        self._asked = 0.0
        self._answered = time.monotonic()
        self._refused = 0
        self._next_log = 0
        self.requests = 0

    def add(self, found: Job, emit: Callable[[RunEvent], None], redactor: Redactor) -> WatchedJob:
        """Watch a job from now on, until it is over."""
        job = WatchedJob(found.name, emit, redactor, position=len(self._watched))
        self._watched[found.name] = job
        self._runs.update(filter(None, [found.tags.get(RUN)]))
        self._gap = SHORTEST_GAP
        if self._turns is None or self._turns.done():
            self._turns = asyncio.ensure_future(self._watch())
        return job

    async def explain(self, job: WatchedJob) -> None:
        """Looks once more at an ended job, for why it ended; what cannot be read is not known."""
        with suppress(AmlTasksError):
            job.saw_details(await in_thread(self._service.details, job.name))

    async def finish(self, job: WatchedJob) -> None:
        """Reads the rest of an ended job's log, where it was not downloaded with all else."""
        await self.explain(job)
        with suppress(AmlTasksError):
            data = await self._log_piece(job)
            while data:
                job.saw_log(data)
                data = await self._log_piece(job) if len(data) == MOST_BYTES else b""
            job.saw_log(b"\n")

    async def build_log(self, job: WatchedJob) -> str:
        """What the making of its environment has said; empty where nothing was made."""
        address = job.details.log_files.get(BUILD_LOG)
        if address:
            with suppress(AmlTasksError):
                return (await in_thread(self._logs.read, address, 0)).decode("utf-8", "replace")
        return ""

    def drop(self, job: WatchedJob) -> None:
        self._watched.pop(job.name, None)

    def close(self) -> None:
        self._logs.close()

    @property
    def _active(self) -> list[WatchedJob]:
        return [job for job in self._watched.values() if not job.over.done()]

    async def _watch(self) -> None:
        try:
            while active := self._active:
                try:
                    news = await (self._few(active) if len(active) <= _FEW else self._many(active))
                    self._answered, self._refused = time.monotonic(), 0
                    self._gap = SHORTEST_GAP if news else min(self._gap * _GROWTH, LONGEST_GAP)
                except AmlTasksError as error:
                    for job in active:
                        job.saw_trouble(str(error))
                    self._gap = LONGEST_GAP
                    self._refused += isinstance(error, UserError)
                    if self._refused >= _REFUSALS or time.monotonic() - self._answered > _PATIENCE:
                        raise
        except Exception as error:
            for job in self._active:
                job.over.set_exception(error)

    def _ahead_of(self, job: WatchedJob) -> int:
        """How many wait before it."""
        return sum(other.status == "Queued" and other.position < job.position for other in self._active)

    async def _few(self, active: list[WatchedJob]) -> bool:
        news = [await self._look(job) for job in active]
        return any(news)

    async def _many(self, active: list[WatchedJob]) -> bool:
        """A list of all, then the logs of some."""
        states = await self._ask(self._states)
        news = False
        for job in sorted(active, key=lambda job: job.position):
            status = states.get(job.name)
            if status is None:
                news |= await self._look(job)  # not in the list yet
                continue
            news |= job.saw_status(status, self._ahead_of(job))
        running = [job for job in self._active if job.runs]
        for _ in range(min(_LOGS_A_ROUND, len(running))):
            self._next_log += 1
            news |= await self._look(running[self._next_log % len(running)])
        return news

    def _states(self) -> dict[str, str]:
        return {job.name: job.status for run in self._runs for job in self._service.tagged(RUN, run)}

    async def _look(self, job: WatchedJob) -> bool:
        details = await self._ask(lambda: self._service.details(job.name), self._service.details_requests)
        job.saw_details(details)
        news = job.saw_status(details.status, self._ahead_of(job))
        if JOB_LOG in details.log_files and not job.over.done():  # what an ended one has left is read by `finish`
            data = await self._ask(lambda: self._logs.read(details.log_files[JOB_LOG], job.read))
            job.saw_log(data)
            news |= bool(data)
        return news

    async def _log_piece(self, job: WatchedJob) -> bytes:
        address = job.details.log_files.get(JOB_LOG)
        return await in_thread(self._logs.read, address, job.read) if address else b""

    async def _ask(self, question: Callable[[], _Answer], requests: int = 1) -> _Answer:
        """One question, no sooner than the gap after the last request. requests: that it makes."""
        gap = max(self._gap, MANY_GAP if len(self._active) > _FEW else 0.0)
        await asyncio.sleep(max(0.0, self._asked + gap - time.monotonic()))
        self._asked = time.monotonic() + SHORTEST_GAP * (requests - 1)
        self.requests += requests
        return await in_thread(question)
