"""The report: what ran, with which outcome, and the files it left. Plain data; knows nobody.

Times are aware UTC datetimes, durations seconds, sizes bytes, paths absolute unless said otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import field_validator

from amltasks.data import Data

_HARMLESS_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]{1,1000}", re.ASCII)


class Outcome(str, Enum):
    """What became of one notebook with one parameter set."""

    PASSED = "passed"
    FAILED = "failed"  # a cell raised, or sys.exit with another code than 0
    TIMED_OUT = "timedOut"  # a cell, the notebook or the run took longer than allowed
    KERNEL_DIED = "kernelDied"
    KERNEL_MISSING = "kernelMissing"  # no interpreter, no ipykernel in it, or no kernel of that language
    INVALID = "invalid"  # not a notebook that can be read, or its parameters do not fit
    CANCELLED = "cancelled"  # stopped before it ended
    NOT_RUN = "notRun"  # never started: cancelled, out of time, or enough others had failed


class CellOutcome(str, Enum):
    """What became of one code cell."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED_ERROR = "expectedError"  # raised, and is tagged raises-exception
    ENDED_EARLY = "endedEarly"  # sys.exit(0): the notebook passes, what comes after is not executed
    TIMED_OUT = "timedOut"
    KERNEL_DIED = "kernelDied"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # tagged skip-execution, or nothing to execute
    NOT_EXECUTED = "notExecuted"


class CellError(Data):
    """An error as the kernel reported it. The traceback is plain text: no terminal escapes."""

    name: str
    value: str
    traceback: str = ""


class CellResult(Data):
    """One code cell.

    index: 0-based among all cells of the notebook as it was given; None for the injected parameters cell.
    position: 0-based among all cells of the executed notebook.
    title: nearest heading above and the cell's first line, on one line.
    """

    index: int | None
    position: int
    title: str
    outcome: CellOutcome
    source: str = ""
    started_at: datetime | None = None
    duration: float | None = None
    error: CellError | None = None


class MemoryCurve(Data):
    """Memory over time: for each span of `step` seconds the most that was seen, in bytes."""

    step: float
    values: tuple[int, ...]


class KernelDeath(Data):
    """What is known of a kernel that died: exactly one of signal (its name) and exit_code, where known.

    limit: the one that it was ended for, a clause; None where it died otherwise.
    """

    signal: str | None = None
    exit_code: int | None = None
    peak_memory: int | None = None
    out_of_memory: str | None = None  # the evidence, in words; None where there is none
    limit: str | None = None
    memory: MemoryCurve | None = None  # of the kernel and all that it had started
    last_output: str = ""


class ArtefactKind(str, Enum):
    NOTEBOOK = "ipynb"
    HTML = "html"
    LOG = "log"
    IMAGE = "images"


class Artefact(Data):
    """A file that belongs to a result; `name` is what it is called where it is published."""

    kind: ArtefactKind
    path: Path
    name: str
    note: str = ""  # what was cut or left out, and why


def harmless_address(url: str) -> str:
    """The address, or nothing where it could be anything else in a page or a log."""
    return url if _HARMLESS_ADDRESS.fullmatch(url) else ""


class Origin(Data):
    """The run that a result comes from. build: its number, url: its page; empty outside of pipelines. at: its start.

    An address that could be anything else in a page or a log is left out.
    """

    build: str = ""
    url: str = ""
    at: datetime

    _only_harmless = field_validator("url")(harmless_address)


class NotebookResult(Data):
    """One notebook with one parameter set.

    run_id: stable over builds and safe as a file name. notebook: path from the repository's root, POSIX form.
    parameter_set: its name, empty where the notebook runs once. message: one sentence, empty when passed.
    peak_memory: of the kernel and all it started, where it was measured.
    reused_from: the run in which the notebook ran, where that was an earlier one; None where it ran in this one.
    job: the name of the job on Azure ML as which it ran, studio: the address of its page; empty elsewhere.
    """

    run_id: str
    notebook: str
    parameter_set: str = ""
    parameters: dict[str, Any] = {}
    outcome: Outcome
    expected_outcome: Outcome = Outcome.PASSED
    message: str = ""
    notes: tuple[str, ...] = ()
    cells: tuple[CellResult, ...] = ()
    kernel_death: KernelDeath | None = None
    started_at: datetime | None = None
    duration: float = 0.0
    peak_memory: int | None = None
    reused_from: Origin | None = None
    job: str = ""
    studio: str = ""
    scraps: dict[str, Any] = {}
    owner: str = ""
    leaks: tuple[str, ...] = ()  # names of secrets that were found in its outputs and taken out
    folder: Path | None = None
    artefacts: tuple[Artefact, ...] = ()

    _only_harmless = field_validator("studio")(harmless_address)

    @property
    def title(self) -> str:
        """How people see it: `train.ipynb [alpha=0.1]`, with its folder."""
        return f"{self.notebook} [{self.parameter_set}]" if self.parameter_set else self.notebook

    @property
    def ok(self) -> bool:
        """Whether the outcome is the one that was expected."""
        return self.outcome == self.expected_outcome

    @property
    def failing_cell(self) -> CellResult | None:
        """The cell that decided an outcome other than passed, if a cell did."""
        decisive = {CellOutcome.FAILED, CellOutcome.TIMED_OUT, CellOutcome.KERNEL_DIED, CellOutcome.CANCELLED}
        return next((cell for cell in self.cells if cell.outcome in decisive), None)


class Report(Data):
    """What came of one command.

    problems: what could not be published, a sentence each. links: where to look, as name → path or address.
    notes: what else a person should know, a sentence each.
    """

    title: str
    results: tuple[NotebookResult, ...]
    started_at: datetime
    finished_at: datetime
    cancelled: bool = False
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    links: dict[str, str] = {}

    @property
    def failed(self) -> tuple[NotebookResult, ...]:
        return tuple(result for result in self.results if not result.ok)

    @property
    def passed(self) -> tuple[NotebookResult, ...]:
        return tuple(result for result in self.results if result.ok)


def outcome_counts(results: Iterable[NotebookResult]) -> dict[Outcome, int]:
    """How many results have which outcome; outcomes that none has are left out."""
    counts: dict[Outcome, int] = {}
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    return counts
