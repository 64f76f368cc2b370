"""One notebook on one kernel, cell by cell: limits, interruption, death and stop. What was seen, not what it means."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from nbformat import NotebookNode
from papermill.engines import NotebookExecutionManager

from amltasks.limits import Limits
from amltasks.notebooks.cells import numbered
from amltasks.notebooks.client import OutputClient
from amltasks.notebooks.conversation import Conversation, Request, first
from amltasks.notebooks.kernel_process import KernelProcess, KernelStartError
from amltasks.notebooks.kernels import Kernel
from amltasks.notebooks.limiting import hint, hold
from amltasks.notebooks.postmortem import Postmortem
from amltasks.notebooks.records import CellEnding, CellRecord, EndingReason, RunEnding
from amltasks.notebooks.tracebacks import plain
from amltasks.notebooks.verdict import ends_early, is_failure
from amltasks.notebooks.watching import Watch
from amltasks.platforms.base import Stop
from amltasks.report.model import CellError

START_SECONDS = 120.0
INTERRUPT_GRACE = 2.0  # for a cell that passed its limit to end by KeyboardInterrupt
STOP_GRACE = 0.5  # the same where the whole run is stopped: all must be over within two seconds
EXIT_GRACE = 3.0  # for atexit handlers and threads of a notebook that ended by itself
TICK_SECONDS = 0.5

_STOP_REASONS = {
    "cancelled": EndingReason.CANCELLED,
    "runTimeout": EndingReason.RUN_TIMEOUT,
}
_BY_ITSELF = {EndingReason.COMPLETED, EndingReason.FAILED, EndingReason.EXITED}


class Observer(Protocol):
    """Told what happens, in the event loop's thread; must return soon."""

    def kernel_started(self, kernel: Kernel, cells: int) -> None: ...
    def cell_started(self, position: int, number: int) -> None: ...
    def cell_finished(self, number: int, record: CellRecord) -> None: ...
    def show(self, text: str, stream: str) -> None: ...
    def note(self, text: str) -> None: ...
    def tick(self) -> None:
        """Called twice a second while a cell runs, with the notebook's outputs complete up to then."""

    def last_output(self) -> str: ...


@dataclass
class Execution:
    """Runs a notebook's cells on a kernel of its own. `run` once; then `records` and `ending` say what was seen.

    environment: added to the kernel's. marker: put into the kernel's environment to find what it leaves behind.
    cell_timeout, notebook_timeout: seconds, None for no bound; the kernel's start counts for the notebook's.
    zygote: the address of one from which the kernel is forked if possible; empty for none.
    left, survived: see KernelProcess. alone: whether it is certain that nothing the notebook has started is left, not
    even a control group. peak_memory: bytes that the kernel and all it started had at once.
    attach: given the loop and the Stop by which somebody may end the run, from the loop's thread.
    """

    kernel: Kernel
    working_directory: Path
    environment: dict[str, str]
    marker: str
    cell_timeout: float | None
    notebook_timeout: float | None
    observer: Observer
    attach: Callable[[asyncio.AbstractEventLoop, Stop], None] = lambda loop, stop: None
    limits: Limits = field(default_factory=Limits)
    records: list[CellRecord] = field(default_factory=list)
    zygote: str = ""
    left: int = 0
    survived: tuple[str, ...] = ()
    alone: bool = False
    peak_memory: int = 0
    ending: RunEnding = field(default_factory=lambda: RunEnding(reason=EndingReason.NOT_STARTED))

    def run(self, manager: NotebookExecutionManager) -> None:
        """Executes `manager.nb` in place. The kernel's process has ended when this returns."""
        asyncio.run(self._run(manager))

    async def _run(self, manager: NotebookExecutionManager) -> None:
        stop = Stop()
        self.attach(asyncio.get_running_loop(), stop)
        try:
            process = await KernelProcess.start(
                self.kernel, self.working_directory, self.environment, self.marker, self.zygote
            )
        except KernelStartError as error:
            self.ending = RunEnding(reason=EndingReason.NOT_STARTED, detail=str(error))
            return
        if process.note:
            self.observer.note(process.note)
        session = _Session(self, manager, process, stop)
        try:
            self.ending = await session.run()
        finally:
            await process.shutdown(EXIT_GRACE if self.ending.reason in _BY_ITSELF else 0)
            await session.close()
            process.close()
            self.left, self.survived = process.left, process.survived
            self.alone = process.alone and session.group is None
            self.peak_memory = session.peak_memory(process.peak)


class _Session:
    """The life of one kernel."""

    def __init__(
        self, execution: Execution, manager: NotebookExecutionManager, process: KernelProcess, stop: Stop
    ) -> None:
        self._execution = execution
        self._observer = execution.observer
        self._manager = manager
        self._process = process
        self._stop = stop
        self._stopping = asyncio.ensure_future(stop.wait())
        timeout = execution.notebook_timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        limits = execution.limits
        self._outputs = OutputClient(
            manager.nb, show=self._observer.show, note=self._observer.note, kept_bytes=limits.output or sys.maxsize
        )
        self._outputs.kc = process.client
        self._conversation: Conversation | None = None
        self._suspended = False
        self.group, notes = hold(process.pid, execution.marker, limits)
        for note in notes:
            self._observer.note(note)
        self._watch = Watch(process.pid, limits, self.group)
        self._postmortem = Postmortem(process.pid, self._watch, limits, self.group)
        self._ticker = asyncio.ensure_future(self._tick())

    async def run(self) -> RunEnding:
        ready = asyncio.ensure_future(self._process.ready(START_SECONDS))
        await first({ready, self._stopping}, self._left())
        if not ready.done():
            ready.cancel()
            return self._stopped_or_overdue()
        try:
            info = ready.result()
        except KernelStartError as error:
            return RunEnding(reason=EndingReason.NOT_STARTED, detail=str(error))
        self._watch.see_kernel()
        if isinstance(info.get("language_info"), dict):
            self._manager.nb.metadata["language_info"] = NotebookNode(info["language_info"])
        self._conversation = Conversation(self._process, self._outputs, self._observer.note)
        return await self._execute(self._conversation)

    def peak_memory(self, known: int) -> int:
        """Bytes; known: what is known of the kernel's process alone."""
        return self._watch.highest(known)

    async def close(self) -> None:
        if self._conversation:
            await self._conversation.close()
        self._watch.stop()
        self._ticker.cancel()
        self._stopping.cancel()
        self._outputs.settle()
        self._outputs.set_widgets_metadata()

    async def _execute(self, conversation: Conversation) -> RunEnding:
        cells = list(numbered(self._manager.nb))
        self._observer.kernel_started(self._execution.kernel, len(cells))
        for position, number, cell in cells:
            if self._stop or self._left() == 0:
                return self._stopped_or_overdue()
            self._manager.cell_start(cell, cell_index=position)
            self._observer.cell_started(position, number)
            self._outputs.begin(position, number)
            record = await self._execute_cell(conversation, position, cell)
            self._outputs.settle()
            self._execution.records.append(record)
            failed = is_failure(cell, record)
            if failed or record.ending in {CellEnding.DIED, CellEnding.TIMED_OUT, CellEnding.STOPPED}:
                self._manager.cell_exception(cell, cell_index=position)
            self._manager.cell_complete(cell, cell_index=position)
            self._observer.cell_finished(number, record)
            if ending := self._ending_after(record, failed):
                return ending
        return RunEnding(reason=EndingReason.COMPLETED)

    async def _execute_cell(self, conversation: Conversation, position: int, cell: NotebookNode) -> CellRecord:
        started_at, start = datetime.now(timezone.utc), time.monotonic()
        try:
            request = conversation.send(position, cell.source)
        except UnicodeEncodeError as error:
            problem = CellError(name="UnicodeEncodeError", value=f"the cell's source is not valid Unicode: {error}")
            return CellRecord(
                position=position, ending=CellEnding.ERROR, error=problem, started_at=started_at, duration=0
            )
        ending = await self._wait_for(conversation, request)
        reply = request.reply.result() if ending is CellEnding.OK else {}
        return CellRecord(
            position=position,
            ending=_ending_of(reply) if ending is CellEnding.OK else ending,
            error=_error_of(reply),
            started_at=started_at,
            duration=round(time.monotonic() - start, 3),
        )

    async def _wait_for(self, conversation: Conversation, request: Request) -> CellEnding:
        """OK when the kernel has answered, whatever the answer."""
        limits = [limit for limit in (self._execution.cell_timeout, self._left()) if limit is not None]
        await first({request.reply, self._process.exited, self._stopping}, min(limits, default=None))
        if request.reply.done():
            await conversation.drain(request, until=self._stopping)
            return CellEnding.OK
        if self._process.exited.done():
            await conversation.drain(request)
            return CellEnding.DIED
        self._suspended = self._watch.suspended()
        await conversation.interrupt(request, STOP_GRACE if self._stop else INTERRUPT_GRACE)
        return CellEnding.STOPPED if self._stop else CellEnding.TIMED_OUT

    def _ending_after(self, record: CellRecord, failed: bool) -> RunEnding | None:
        """How the notebook ends with this cell; None where it goes on."""
        if record.ending is CellEnding.DIED:
            words = plain(self._process.last_words()).strip()
            last_output = "\n".join(filter(None, [self._observer.last_output(), words]))
            death = self._postmortem.death(self._process.exited.result(), last_output, self._process.peak)
            return RunEnding(reason=EndingReason.DIED, death=death)
        if record.ending in {CellEnding.TIMED_OUT, CellEnding.STOPPED}:
            return self._stopped_or_overdue()
        if ends_early(record):
            return RunEnding(reason=EndingReason.EXITED)
        detail = hint(record.error, self._execution.limits)
        return RunEnding(reason=EndingReason.FAILED, detail=detail) if failed else None

    def _stopped_or_overdue(self) -> RunEnding:
        if self._stop.reason:
            return RunEnding(reason=_STOP_REASONS[self._stop.reason])
        detail = "its process was suspended by SIGSTOP" if self._suspended else ""
        if self._left() == 0:
            return RunEnding(
                reason=EndingReason.NOTEBOOK_TIMEOUT, limit=self._execution.notebook_timeout, detail=detail
            )
        return RunEnding(reason=EndingReason.CELL_TIMEOUT, limit=self._execution.cell_timeout, detail=detail)

    def _left(self) -> float | None:
        """Seconds until the notebook's time-out; None where it has none."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._outputs.settle()
            self._observer.tick()


def _ending_of(reply: dict[str, Any]) -> CellEnding:
    payload = reply.get("payload") or []
    if any(isinstance(part, dict) and part.get("source") == "ask_exit" for part in payload):
        return CellEnding.EXITED
    return CellEnding.OK if reply.get("status") == "ok" else CellEnding.ERROR


def _error_of(reply: dict[str, Any]) -> CellError | None:
    if reply.get("status", "ok") == "ok":
        return None
    traceback = reply.get("traceback") or []
    return CellError(
        name=str(reply.get("ename") or reply["status"]),
        value=str(reply.get("evalue") or ""),
        traceback="\n".join(map(str, traceback)) if isinstance(traceback, list) else str(traceback),
    )
