"""Notebooks on this machine: one worker process each, which owns the kernel. See `amltasks.notebooks.worker`."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

from amltasks.errors import ServiceError
from amltasks.notebooks import processes
from amltasks.notebooks.cells import one_line
from amltasks.notebooks.exits import signal_name
from amltasks.notebooks.records import CellEnding, CellRecord, EndingReason, RunEnding
from amltasks.notebooks.results import result_of, unstarted
from amltasks.notebooks.saving import recover
from amltasks.notebooks.wire import Assignment, Decoder, Ended, StopOrder, Told
from amltasks.platforms.base import (
    CellFinished,
    CellStarted,
    Note,
    NotebookRun,
    OutputText,
    RunEvent,
    Stop,
)
from amltasks.platforms.local.workers import WorkerProcess, Workers
from amltasks.platforms.local.zygotes import Zygotes
from amltasks.redaction import Redactor
from amltasks.report.model import KernelDeath, NotebookResult, Outcome

STOP_SECONDS = 1.7  # for the worker to end a notebook that was stopped; then it is killed
RESULT_SECONDS = 10.0  # for the result of a worker that has ended well to be read: a fork bomb leaves little time
LINGER_SECONDS = 5.0  # for the worker to be gone after it gave its result
_STRAY_LINES = 200  # of text that reached the worker's stdout or stderr past the kernel
_ERROR_BYTES = 64 * 1024

_STOP_REASONS = {
    "cancelled": EndingReason.CANCELLED,
    "runTimeout": EndingReason.RUN_TIMEOUT,
}


class LocalCompute:
    """Runs notebooks in processes of this machine, each by a worker that runs nothing else meanwhile.

    workers, zygotes: where workers and kernels come from; by default all are started directly.
    """

    def __init__(self, workers: Workers | None = None, zygotes: Zygotes | None = None) -> None:
        self._workers = workers or Workers()
        self._zygotes = zygotes

    @classmethod
    def warm(cls, zygotes: Zygotes) -> LocalCompute:
        """One that forks where that can be done: call it before the first thread and event loop; to be closed.

        zygotes: closed with it. What this process has imported is in every worker, and what it has read as well.
        """
        return cls(Workers.fork(), zygotes)

    def preload(self, modules: Iterable[str]) -> None:
        """What the notebooks to come import; to be said before the first of them is run."""
        if self._zygotes:
            self._zygotes.preload(modules)

    def close(self) -> None:
        if self._zygotes:
            self._zygotes.end()  # beside the workers' nursery, not after it
        self._workers.close()
        if self._zygotes:
            self._zygotes.close()

    async def run(self, run: NotebookRun, emit: Callable[[RunEvent], None], stop: Stop) -> NotebookResult:
        """See `amltasks.platforms.base.Compute`. Raises ServiceError when the worker cannot be started or fails."""
        watched = _Watched(run, emit)
        marker, nonce = secrets.token_hex(16), secrets.token_hex(16)
        process = await self._workers.start()
        try:
            warm = self._zygotes.of(run.python) if self._zygotes else None
            assignment = Assignment(run=run, nonce=nonce, marker=marker, warm_kernels=warm)
            await process.write(assignment.model_dump_json(by_alias=True))
            pumps = [
                asyncio.ensure_future(watched.read_messages(process.stdout, Decoder(nonce))),
                asyncio.ensure_future(watched.read_errors(process.stderr)),
            ]
            try:
                await _until_over(process, watched, stop)
                # Not until their ends: a process that the notebook left behind may hold the pipes open.
                grace = RESULT_SECONDS if process.exit_code == 0 else 0.5
                await asyncio.wait(pumps, timeout=grace if watched.result is None else 0)
            finally:
                await _end(pumps)
        finally:
            if not (watched.again and self._workers.take_back(process)):
                process.kill()
                if watched.result is None:  # a worker that gave its result has left nothing
                    processes.end_all(marker, of_ours=False)
                    shutil.rmtree(processes.connection_folder(marker), ignore_errors=True)
                await asyncio.wait({process.exited}, timeout=1)
                process.close()
        return watched.result or watched.without_worker(process.exit_code, stop)


class _Watched:
    """What is known of a run through what its worker told."""

    def __init__(self, run: NotebookRun, emit: Callable[[RunEvent], None]) -> None:
        self.result: NotebookResult | None = None
        self.again = False  # whether the worker takes another run
        self.over = asyncio.Event()
        self._run = run
        self._emit = emit
        self._redactor = Redactor(run.secrets)
        self._started_at = datetime.now(timezone.utc)
        self._running: tuple[int, datetime] | None = None  # position of the cell that runs, and since when
        self._stray = 0
        self._errors = b""
        self._notes: list[str] = []

    async def read_messages(self, stream: asyncio.StreamReader, decoder: Decoder) -> None:
        try:
            while data := await stream.read(1 << 16):
                for message in decoder.feed(data):
                    self._take(message)
        finally:
            self.over.set()

    async def read_errors(self, stream: asyncio.StreamReader) -> None:
        """The worker's own stderr: empty, unless it fails, or the notebook finds a way to write there."""
        while data := await stream.read(1 << 16):
            self._errors = (self._errors + data)[-_ERROR_BYTES:]
            for text in data.decode("utf-8", "replace").splitlines():
                self._stray_text(text)

    def without_worker(self, code: int | None, stop: Stop) -> NotebookResult:
        """The result where the worker gave none: what it had done is taken from the disk.

        Raises ServiceError where the worker failed by itself.
        """
        if stop:
            ending = RunEnding(reason=_STOP_REASONS[stop.reason or "cancelled"])
            last = CellEnding.STOPPED
        elif code is not None and code < 0:
            detail = "the process that ran the notebook was killed, and the kernel with it"
            death = KernelDeath(signal=signal_name(-code))
            ending = RunEnding(reason=EndingReason.DIED, death=death, detail=detail)
            last = CellEnding.DIED
        else:
            raise ServiceError(
                f"The process that ran {self._run.title} failed (exit code {code}): {self._last_error()}"
            )
        recovered = recover(self._run.folder)
        if recovered is None:
            outcome = Outcome.CANCELLED if stop else Outcome.KERNEL_DIED
            message = "Stopped before the first cell." if stop else f"Before the first cell, {ending.detail}."
            return unstarted(self._run, outcome, message, self._started_at)
        records = list(recovered.records)
        if self._running:
            position, since = self._running
            duration = (datetime.now(timezone.utc) - since).total_seconds()
            records.append(CellRecord(position=position, ending=last, started_at=since, duration=round(duration, 3)))
        return result_of(
            self._run.model_copy(update={"parameters": self._redactor.value(self._run.parameters)}),
            recovered.notebook,
            recovered.indices,
            records,
            ending,
            started_at=self._started_at,
            notes=self._notes,
        )

    def _take(self, message: Told | Ended | str) -> None:
        if isinstance(message, Ended):
            self.result, self.again = message.result, message.again
            self.over.set()
        elif isinstance(message, Told):
            self._told(message.event)
        else:
            self._stray_text(message)

    def _told(self, event: RunEvent) -> None:
        if isinstance(event, CellStarted):
            self._running = (event.position, datetime.now(timezone.utc))
        elif isinstance(event, CellFinished):
            self._running = None
        elif isinstance(event, Note):
            self._notes.append(event.text)
        self._emit(event)

    def _stray_text(self, text: str) -> None:
        self._stray += 1
        if self._stray <= _STRAY_LINES:
            self._emit(OutputText(text=self._redactor.text(text[:2000])))
        elif self._stray == _STRAY_LINES + 1:
            self._emit(Note(text="The notebook writes past its kernel; more of that is not shown."))

    def _last_error(self) -> str:
        lines = self._errors.decode("utf-8", "replace").strip().splitlines()
        return self._redactor.text(one_line(lines[-1], 500)) if lines else "no message"


async def _end(tasks: Iterable[asyncio.Future[None]]) -> None:
    """Cancels tasks; raises what one of them had raised before, which is the caller's `emit` failing."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def _until_over(process: WorkerProcess, watched: _Watched, stop: Stop) -> None:
    """Waits until the worker has given its result or ended; passes a stop on, and kills what does not heed it."""
    gone: asyncio.Future[Any] = process.exited
    over: asyncio.Future[Any] = asyncio.ensure_future(watched.over.wait())
    stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    tasks = {over, stopping}
    try:
        await asyncio.wait({gone, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        if not gone.done() and not over.done():
            await process.write(StopOrder(stop=stop.reason or "cancelled").model_dump_json())
            await asyncio.wait({gone, over}, timeout=STOP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if over.done() and not watched.again:
            await asyncio.wait({gone}, timeout=LINGER_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
