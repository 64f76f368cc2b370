"""The contract of everything that shows a report somewhere."""

from __future__ import annotations

from collections.abc import Sequence

from amltasks.platforms.base import NotebookRun, RunEvent
from amltasks.report.model import NotebookResult, Report


class Publisher:
    """Told of a command's course, in this order: `begin`, then `event` and `finished` as they happen, `complete`.

    All calls come from one thread, results with their artefacts on disk and redacted. `event` and `finished` must
    return at once (a publisher that talks to a service keeps a thread of its own); `complete` may take its time, but
    not past `deadline`. A publisher that cannot do its work raises ServiceError or OSError; the others go on.
    """

    name = ""

    def begin(self, title: str, runs: Sequence[NotebookRun]) -> None:
        """The plan is made; nothing has started."""

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        """Something happened in a run."""

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        """A run has ended, been cancelled or will never start."""

    def complete(self, report: Report, deadline: float | None = None) -> None:
        """All is over. deadline: `time.monotonic()` by which this must return, None for no hurry."""

    def hurry(self, deadline: float) -> None:
        """Called from another thread while `complete` runs: the deadline is now this one."""

    def links(self) -> dict[str, str]:
        """Where a person finds what was published: name → path or address. Asked after `complete`."""
        return {}

    def problems(self) -> tuple[str, ...]:
        """What could not be published though the publisher goes on, a sentence each. Asked after `complete`."""
        return ()
