"""What was seen while a notebook ran: the raw material of the verdict, and what the journal keeps of it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from amltasks.data import Data
from amltasks.report.model import CellError, KernelDeath


class CellEnding(str, Enum):
    """How the kernel left one cell."""

    OK = "ok"
    ERROR = "error"  # the kernel answered with an error, SystemExit among them
    EXITED = "exited"  # exit() or quit(): the kernel was asked to end after this cell
    TIMED_OUT = "timedOut"
    DIED = "died"
    STOPPED = "stopped"


class CellRecord(Data):
    """One cell that was given to the kernel.

    position: 0-based in the executed notebook. error: as the kernel replied, escapes included.
    duration: seconds from the request to the end of its output.
    """

    position: int
    ending: CellEnding
    error: CellError | None = None
    started_at: datetime
    duration: float


class EndingReason(str, Enum):
    """Why no further cell was executed."""

    COMPLETED = "completed"
    FAILED = "failed"
    EXITED = "exited"
    CELL_TIMEOUT = "cellTimeout"
    NOTEBOOK_TIMEOUT = "notebookTimeout"
    RUN_TIMEOUT = "runTimeout"
    CANCELLED = "cancelled"
    DIED = "died"
    NOT_STARTED = "notStarted"  # the kernel never answered


class RunEnding(Data):
    """How the execution of a notebook ended.

    limit: seconds of the time-out that was passed. death: where the kernel died.
    detail: what else is known, a clause: `the kernel process was stopped (SIGSTOP)`.
    """

    reason: EndingReason
    limit: float | None = None
    death: KernelDeath | None = None
    detail: str = ""
