"""The process that runs a notebook: `python -m amltasks.notebooks.worker`, started and spoken to by a platform.

It owns the kernel and everything the kernel starts, and ends with them, unless nothing at all is left of them: then it
takes another notebook. Signals do not end it, because the notebook can send them: what does is stdin's end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from types import FrameType

import papermill  # noqa: F401  first of all: papermill loads registered engines, ours too, while it is imported itself
import psutil
from nbformat import NotebookNode
from papermill.engines import papermill_engines

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.kernels.preload import may_install
from amltasks.kernels.zygote import description, start_environment
from amltasks.notebooks import engine, outputs, processes
from amltasks.notebooks.cells import titles
from amltasks.notebooks.console import Console
from amltasks.notebooks.execution import Execution
from amltasks.notebooks.kernels import Interpreter, Kernel, KernelMissingError, choose_kernel
from amltasks.notebooks.parent_line import ParentLine
from amltasks.notebooks.preparation import prepare
from amltasks.notebooks.reading import read_notebook
from amltasks.notebooks.records import CellRecord, RunEnding
from amltasks.notebooks.results import LOG, result_of, unstarted
from amltasks.notebooks.saving import NotebookSaver
from amltasks.notebooks.verdict import cell_result
from amltasks.notebooks.wire import Ended, Told, WarmKernels, line
from amltasks.platforms.base import CellFinished, CellStarted, KernelStarted, Note, NotebookRun, RunEvent, Stop
from amltasks.redaction import Redactor
from amltasks.report.model import CellResult, NotebookResult, Outcome

_SURVIVED = "{} was sent to the process that runs the notebook; it was ignored."
_M_ARENA_MAX = -8  # malloc.h
_GROWTH = 32 << 20  # bytes of memory more, with which a worker takes no other notebook: it may never give them back

Attach = Callable[[asyncio.AbstractEventLoop, Stop], None]


def run_notebook(
    run: NotebookRun,
    marker: str,
    emit: Callable[[RunEvent], None],
    attach: Attach,
    warm_kernels: WarmKernels | None = None,
) -> NotebookResult:
    """Runs one notebook and leaves what it made in `run.folder`. Never raises for what the notebook does."""
    with outputs.folder_for(run.folder) as added:
        run = run.model_copy(update={"environment": {**run.environment, **added}})
        return _run_notebook(run, marker, emit, attach, warm_kernels)


def _run_notebook(
    run: NotebookRun,
    marker: str,
    emit: Callable[[RunEvent], None],
    attach: Attach,
    warm_kernels: WarmKernels | None,
) -> NotebookResult:
    started_at = datetime.now(timezone.utc)
    redactor = Redactor(run.secrets)
    environment = {**os.environ, **run.environment}
    if not run.working_directory.is_dir():
        message = f"The working directory does not exist: {run.working_directory}"
        return unstarted(run, Outcome.INVALID, redactor.text(message), started_at)
    try:
        notebook = read_notebook(run.source)
        kernel = choose_kernel(
            notebook,
            python=run.python,
            kernel=run.kernel,
            environment=environment,
            folder=run.working_directory,
            known=_interpreter(warm_kernels, run),
        )
        notebook, indices = prepare(notebook, run, kernel)
    except UserError as error:
        return unstarted(run, Outcome.INVALID, redactor.text(str(error)), started_at)
    except KernelMissingError as error:
        return unstarted(run, Outcome.KERNEL_MISSING, redactor.text(str(error)), started_at)

    course = _Course(run, notebook, indices, redactor, emit)
    execution = Execution(
        kernel=kernel,
        working_directory=run.working_directory,
        environment=run.environment,
        marker=marker,
        cell_timeout=run.cell_timeout,
        notebook_timeout=run.notebook_timeout,
        observer=course,
        attach=attach,
        limits=run.limits,
        zygote=_zygote(warm_kernels, kernel, notebook, run),
    )
    try:
        papermill_engines.execute_notebook_with_engine(
            engine.register(), notebook, kernel.name, progress_bar=False, autosave_cell_every=0, execution=execution
        )
    finally:
        left = execution.left
        if not execution.alone:  # else there is no need to look at every process of the machine
            left += processes.end_all(marker, of_ours=True)
    if left:
        course.note(f"{left} process(es) that the notebook had left running were ended.")
    for name in execution.survived:
        course.note(_SURVIVED.format(name))
    return course.result(execution, started_at)


def _interpreter(warm: WarmKernels | None, run: NotebookRun) -> Interpreter | None:
    """What the zygote has said of its interpreter, which saves asking for every notebook."""
    found = description(warm.address) if warm and not start_environment(run.environment) else None
    if not found:
        return None
    version, executable, prefix, ipykernel = found
    return Interpreter(executable=executable, version=version, prefix=prefix, ipykernel=ipykernel)


def _zygote(warm: WarmKernels | None, kernel: Kernel, notebook: NotebookNode, run: NotebookRun) -> str:
    """The address of the zygote that makes this notebook's kernel; empty where it must be started."""
    if warm is None or not kernel.is_ipykernel or warm.interpreter != kernel.argv[0]:
        return ""
    # What a zygote has read already must be what the kernel would read.
    if start_environment(run.environment) or may_install(cell.source for cell in notebook.cells):
        return ""
    return warm.address


class _Course:
    """Observes an execution: logs it, saves it, tells of it; all of it redacted."""

    def __init__(
        self,
        run: NotebookRun,
        notebook: NotebookNode,
        indices: list[int | None],
        redactor: Redactor,
        emit: Callable[[RunEvent], None],
    ) -> None:
        self._run = run
        self._notebook = notebook
        self._indices = indices
        self._redactor = redactor
        self._emit = emit
        self._notes: list[str] = []
        self._records: list[CellRecord] = []  # redacted
        self._titles = titles(redactor.redacted(notebook))  # before they are cut: half a secret is one still
        self._console = Console(run.folder / LOG, redactor, emit)
        self._saver = NotebookSaver(notebook, indices, run.folder, redactor)

    def kernel_started(self, kernel: Kernel, cells: int) -> None:
        self._emit(KernelStarted(kernel=kernel.label, cells=cells))
        self._console.header(f"Kernel: {kernel.label}")
        for note in kernel.notes:
            self.note(note)

    def cell_started(self, position: int, number: int) -> None:
        self._console.header(f"Cell {number} · {self._titles[position]}")
        self._emit(CellStarted(position=position, number=number, title=self._titles[position]))

    def cell_finished(self, number: int, record: CellRecord) -> None:
        record = CellRecord.model_validate(self._masked(record))
        self._saver.cell_done(record)
        self._records.append(record)
        position = record.position
        cell = cell_result(self._notebook, position, self._indices[position], self._titles[position], record)
        self._console.finish_lines()
        self._console.flush()
        self._console.header(f"{cell.outcome.value} after {record.duration:g} s")
        self._emit(CellFinished(number=number, cell=CellResult.model_validate(self._masked(cell))))

    def show(self, text: str, stream: str) -> None:
        self._console.write(text, stream)

    def note(self, text: str) -> None:
        text = self._redactor.text(text)
        if text not in self._notes:
            self._notes.append(text)
            self._emit(Note(text=text))

    def tick(self) -> None:
        self._console.flush()
        self._saver.tick()

    def last_output(self) -> str:
        self._console.finish_lines()
        return self._console.last_lines()

    def result(self, execution: Execution, started_at: datetime) -> NotebookResult:
        """The verdict, once all is over and redacted; the notebook in its final form is on disk then."""
        notebook = self._redactor.redacted(self._notebook)
        self._saver.finish(notebook)
        self._console.close()
        for problem in filter(None, (self._saver.problem, self._console.problem)):
            self.note(problem)
        return result_of(
            self._run.model_copy(update={"parameters": self._redactor.value(self._run.parameters)}),
            notebook,
            self._indices,
            self._records,
            RunEnding.model_validate(self._masked(execution.ending)),
            started_at=started_at,
            notes=self._notes,
            leaks=tuple(sorted(self._redactor.found)),
            peak_memory=execution.peak_memory or None,
        )

    def _masked(self, data: Data) -> object:
        return self._redactor.value(data.model_dump(mode="json"))


def _survive_signals(survived: set[str]) -> None:
    """Puts the names of signals that come into `survived`, and nothing else happens.

    By a Python handler, not SIG_IGN: that one the kernel would inherit, and an interrupt would never reach its cell.
    """

    def survive(number: int, _: FrameType | None) -> None:
        survived.add(signal.Signals(number).name)

    signals = {"SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGBREAK"}
    for name in signals & set(signal.Signals.__members__):
        signal.signal(signal.Signals[name], survive)


def _share_memory_among_threads() -> None:
    """What one thread gives back another can use: a large output is received by one of zmq's and kept by ours.

    Where the C library is GNU's, each has memory of its own by default, and the output is there twice.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def main() -> None:
    _share_memory_among_threads()
    logging.disable(logging.CRITICAL)  # traitlets and papermill log to stderr; what matters is told as events
    # The channel moves away from descriptor 1: that is the first that a notebook would write to through /proc.
    channel = os.dup(1)
    os.dup2(2, 1)
    if sys.platform == "win32":
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())  # zmq cannot use the other one
    processes.adopt_orphans()
    survived: set[str] = set()
    _survive_signals(survived)
    most = _memory() + _GROWTH
    parent = ParentLine()
    while assignment := parent.assignment():
        tell = _teller(channel, assignment.nonce)
        result = run_notebook(assignment.run, assignment.marker, tell, parent.attach, assignment.warm_kernels)
        parent.done()
        notes = [_SURVIVED.format(name) for name in sorted(survived)]
        survived.clear()
        again = _has_no_past() and _memory() <= most
        tell(Ended(result=result.model_copy(update={"notes": (*result.notes, *notes)}), again=again))
        if not again:
            break
    sys.stdout.flush()
    os._exit(0)  # nothing is left to be done, and a thread of ours may still sit in a read


def _teller(channel: int, nonce: str) -> Callable[[Told | Ended | RunEvent], None]:
    """Writes to the command, from any thread."""
    lock = threading.RLock()

    def tell(message: Told | Ended | RunEvent) -> None:
        data = memoryview(line(nonce, message if isinstance(message, Told | Ended) else Told(event=message)))
        with lock, contextlib.suppress(BrokenPipeError):
            while data:
                data = data[os.write(channel, data) :]

    return tell


def _has_no_past() -> bool:
    """Whether this process has had no child that ended: one's use of memory would be taken for the next notebook's."""
    if sys.platform == "win32":
        return False
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss == 0


def _memory() -> int:
    """What this process has resident, in bytes."""
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main()
