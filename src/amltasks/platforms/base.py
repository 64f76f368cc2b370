"""The contract between a command and the place where notebooks run.

A command makes a `NotebookRun` for every notebook × parameter set and gives each to `Compute.run`. The platform
tells what happens through `emit` while it happens and returns the result. It never raises for what a notebook did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, Protocol

from amltasks.data import Data
from amltasks.limits import Limits
from amltasks.report.model import CellResult, NotebookResult, Outcome


class NotebookRun(Data):
    """Everything that is needed to run one notebook with one parameter set.

    run_id: stable over builds, unique in the command, safe as a file name.
    source: the notebook's file. notebook: its path from the repository's root, POSIX form, for people.
    folder: an existing empty folder for what the run leaves: `executed.ipynb`, `console.log`, `images/`.
    environment: added to the kernel's environment; holds the values of secretParameters, so it is never printed.
    secrets: name → value of all that must not be seen in what the run leaves, longest names first not required.
    cell_timeout, notebook_timeout: seconds, None for no bound.
    files: existing files and folders, absolute, that the notebook says it needs; empty where it says nothing.
    requirements: pip requirements that it says it needs.
    reuse: whether an earlier result may stand for this run. variables: names in the environment that it depends on.
    """

    run_id: str
    source: Path
    notebook: str
    parameter_set: str = ""
    parameters: dict[str, Any] = {}
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}
    python: str = ""
    kernel: str = ""
    working_directory: Path
    cell_timeout: float | None = 1200.0
    notebook_timeout: float | None = None
    limits: Limits = Limits()
    expected_outcome: Outcome = Outcome.PASSED
    owner: str = ""
    files: tuple[Path, ...] = ()
    requirements: tuple[str, ...] = ()
    reuse: bool = False
    variables: tuple[str, ...] = ()
    folder: Path

    @property
    def title(self) -> str:
        return f"{self.notebook} [{self.parameter_set}]" if self.parameter_set else self.notebook

    def result(self, outcome: Outcome, message: str = "", **more: Any) -> NotebookResult:
        """A result of this run; more: what else is known, by the fields' names."""
        return NotebookResult(
            run_id=self.run_id,
            notebook=self.notebook,
            parameter_set=self.parameter_set,
            parameters=self.parameters,
            outcome=outcome,
            expected_outcome=self.expected_outcome,
            message=message,
            owner=self.owner,
            folder=self.folder,
            **more,
        )


class KernelStarted(Data):
    kind: Literal["kernelStarted"] = "kernelStarted"
    kernel: str
    cells: int  # code cells that will be executed


class CellStarted(Data):
    kind: Literal["cellStarted"] = "cellStarted"
    position: int
    number: int  # 1-based among the code cells that will be executed
    title: str


class CellFinished(Data):
    kind: Literal["cellFinished"] = "cellFinished"
    number: int
    cell: CellResult


class OutputText(Data):
    """Whole lines that a cell wrote, already redacted; carriage returns collapsed."""

    kind: Literal["outputText"] = "outputText"
    text: str


class Note(Data):
    """Something a person should know about this run: another kernel was used, an output was cut."""

    kind: Literal["note"] = "note"
    text: str


class Progress(Data):
    """How the place where it runs fares with this run, before and after its cells: queued, on a node, cancelled.

    page: the address at which the place shows the run, where this says so.
    """

    kind: Literal["progress"] = "progress"
    text: str
    page: str = ""


RunEvent = KernelStarted | CellStarted | CellFinished | OutputText | Note | Progress


class Stop:
    """Asks whatever is running to end soon, keep what it has and say why. Set once; later reasons are ignored."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason: Literal["", "cancelled", "runTimeout"] = ""

    def set(self, reason: Literal["cancelled", "runTimeout"]) -> None:
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        await self._event.wait()


class Compute(Protocol):
    """A place where notebooks run.

    `run` is called by the suite, at most `maxParallel` times at once, in one event loop. It returns within three
    seconds after `stop` is set, with what was done by then on disk, and leaves no process or remote job behind, also
    when it is cancelled by asyncio. Raises ServiceError when the place itself fails, UserError when the run's settings
    make no sense there.
    """

    async def run(self, run: NotebookRun, emit: Callable[[RunEvent], None], stop: Stop) -> NotebookResult: ...


class OpenCompute(Compute, Protocol):
    """One that a command has got ready for itself; `close` must be called."""

    def preload(self, modules: Iterable[str]) -> None:
        """What the notebooks to come import; said before the first of them is run."""

    def close(self) -> None: ...
