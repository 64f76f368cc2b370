"""How steps, jobs and stages end, and how their ends add up."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

WireResult = Literal["succeeded", "succeededWithIssues", "failed", "canceled", "skipped", "abandoned"]


class Verdict(IntEnum):
    """In the order in which the agent holds one to be worse than another; the names are those of `task.complete`."""

    Succeeded = 0
    SucceededWithIssues = 1
    Failed = 2
    Canceled = 3
    Skipped = 4
    Abandoned = 5

    @property
    def wire(self) -> WireResult:
        return _WIRE[self]

    @property
    def good(self) -> bool:
        return self <= Verdict.SucceededWithIssues


_WIRE: dict[Verdict, WireResult] = {
    Verdict.Succeeded: "succeeded",
    Verdict.SucceededWithIssues: "succeededWithIssues",
    Verdict.Failed: "failed",
    Verdict.Canceled: "canceled",
    Verdict.Skipped: "skipped",
    Verdict.Abandoned: "abandoned",
}


def merge(current: Verdict | None, coming: Verdict) -> Verdict:
    """The worse one; Canceled, Skipped and Abandoned stay what they are."""
    if current is None:
        return coming
    return current if current > Verdict.Failed else max(current, coming)
