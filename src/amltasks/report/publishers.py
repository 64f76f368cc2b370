"""Several publishers as one: what one of them cannot do is a problem in the report and no loss to the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amltasks.errors import ServiceError
from amltasks.platforms.base import NotebookRun, RunEvent
from amltasks.report.model import NotebookResult, Report
from amltasks.report.publisher import Publisher


class Publishers:
    """Calls each in the order given. The one that fails is named among the problems and not called again."""

    def __init__(self, publishers: Sequence[Publisher]) -> None:
        self._working = list(publishers)
        self._problems: list[str] = []
        self._deadline: float | None = None

    def begin(self, title: str, runs: Sequence[NotebookRun]) -> None:
        self._each(lambda publisher: publisher.begin(title, runs))

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        self._each(lambda publisher: publisher.event(run, event))

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        self._each(lambda publisher: publisher.finished(run, result))

    def complete(self, report: Report, deadline: float | None = None) -> Report:
        """The report with what could not be published and where the rest lies, as the last publisher saw it."""
        self._deadline = deadline

        def complete_one(publisher: Publisher) -> None:
            nonlocal report
            publisher.complete(report, self._deadline)
            report = report.model_copy(
                update={
                    "links": report.links | publisher.links(),
                    "problems": (*report.problems, *publisher.problems()),
                }
            )

        for publisher in [None, *self._working]:
            if publisher is not None:
                self._attempt(publisher, complete_one)
            report = report.model_copy(update={"problems": (*report.problems, *self._problems)})
            self._problems.clear()
        return report

    def hurry(self, deadline: float) -> None:
        """From another thread while `complete` runs: all that is still to come ends by then."""
        self._deadline = deadline
        self._each(lambda publisher: publisher.hurry(deadline))

    def _each(self, call: Callable[[Publisher], None]) -> None:
        for publisher in list(self._working):
            self._attempt(publisher, call)

    def _attempt(self, publisher: Publisher, call: Callable[[Publisher], None]) -> None:
        try:
            call(publisher)
        except (ServiceError, OSError) as error:
            self._working.remove(publisher)
            self._problems.append(f"{publisher.name}: {error}")
