"""Checks: what a command that does not run notebooks has looked at, each with its verdict. Plain data; knows nobody.

A gate, a scoring script tried before it is deployed, a request of a smoke test, a step of a rollout: each is a check,
and a test result where checks are published. Times are aware UTC datetimes, durations seconds.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path

from amltasks.data import Data


class CheckOutcome(str, Enum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # could not be found out, and nobody said that this fails
    NOT_RUN = "notRun"  # not come to


class CheckFile(Data):
    """A file for whoever reads a check, without secrets. name: what it is called where it is published.

    note: what was cut or left out, and why.
    """

    path: Path
    name: str
    note: str = ""


class Check(Data):
    """name: the same in every build, as it is the test's. group: what it belongs to, `Gate`, `Precheck`, `Smoke test`.

    message: one sentence: the numbers, or why not. details: text of several lines, shown as it is.
    """

    name: str
    group: str
    outcome: CheckOutcome
    message: str = ""
    details: str = ""
    started_at: datetime | None = None
    duration: float = 0.0
    files: tuple[CheckFile, ...] = ()

    @property
    def ok(self) -> bool:
        return self.outcome is CheckOutcome.PASSED


class CheckReport(Data):
    """What came of one command. tables, for people: title → rows, the first of them the heads.

    problems: what could not be published, a sentence each. notes: what else a person should know, a sentence each.
    """

    title: str
    checks: tuple[Check, ...]
    started_at: datetime
    finished_at: datetime
    cancelled: bool = False
    tables: dict[str, tuple[tuple[str, ...], ...]] = {}
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    links: dict[str, str] = {}

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome is CheckOutcome.FAILED)
