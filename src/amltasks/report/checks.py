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


class ComparedMetric(Data):
    """A metric of a new model beside the champion's, None where there is no number.

    rule: what is asked of it, in words, and verdict: a word of the gate; both empty where nothing is. where: the
    numbers were found.
    """

    name: str
    new: float | None = None
    champion: float | None = None
    rule: str = ""
    verdict: str = ""
    where: tuple[str, ...] = ()


class RolloutMove(Data):
    """What was done or seen in a rollout. at: when it was over, duration: how long it took.

    traffic: percent by deployment, from then on. good: whether it came out well. requests, error_rate (0 to 1) and
    p95 (seconds): of those that were sent to look, None where none were.
    """

    at: datetime
    step: str
    traffic: dict[str, int] = {}
    good: bool = True
    requests: int = 0
    error_rate: float | None = None
    p95: float | None = None
    verdict: str = ""
    duration: float = 0.0

    @property
    def shares(self) -> str:
        """`blue 90 %, green 10 %`"""
        return ", ".join(f"{name} {share} %" for name, share in self.traffic.items()) or "none"


class ChainLink(Data):
    """Of how a model came to where it is: `Data`, `Run`, `Model`, `Endpoint`, the first of them the oldest.

    facts: name → value, what else is known of it.
    """

    kind: str
    name: str
    facts: dict[str, str] = {}


class CheckReport(Data):
    """What came of one command. verdict: one sentence, where there is more to say than how many checks have failed.

    metrics: of a gate. rollout: the moves in their order; deployments: what each serves, `name:version`. chain: how the
    model came to be. facts: name → value. problems: what could not be published, a sentence each. notes: what else a
    person should know, a sentence each.
    """

    title: str
    checks: tuple[Check, ...]
    started_at: datetime
    finished_at: datetime
    cancelled: bool = False
    verdict: str = ""
    metrics: tuple[ComparedMetric, ...] = ()
    rollout: tuple[RolloutMove, ...] = ()
    deployments: dict[str, str] = {}
    chain: tuple[ChainLink, ...] = ()
    facts: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    links: dict[str, str] = {}

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome is CheckOutcome.FAILED)
