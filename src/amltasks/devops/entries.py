"""What is written into a test run: results of notebooks, and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from amltasks.devops import test_runs
from amltasks.devops.test_runs import Redact
from amltasks.report.checks import Check
from amltasks.report.model import NotebookResult


class Entry(Protocol):
    """A result to write. name: its test's, unique in the run and the same in every build."""

    @property
    def name(self) -> str: ...

    def request(self, computer: str, redact: Redact, plain: bool) -> Any:
        """The TestCaseResult. plain: without what a service may refuse."""


@dataclass(frozen=True)
class NotebookEntry:
    """notes: for the result's comment."""

    name: str
    result: NotebookResult
    notes: tuple[str, ...] = ()

    def request(self, computer: str, redact: Redact, plain: bool) -> Any:
        return test_runs.result_to_add(
            self.result, self.name, computer=computer, notes=self.notes, redact=redact, plain=plain
        )


@dataclass(frozen=True)
class CheckEntry:
    """notes: for the result's comment."""

    name: str
    check: Check
    notes: Sequence[str] = ()

    def request(self, computer: str, redact: Redact, plain: bool) -> Any:
        return test_runs.check_to_add(self.check, self.name, computer=computer, notes=self.notes, redact=redact)
