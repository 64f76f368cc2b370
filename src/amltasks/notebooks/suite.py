"""Run many notebooks: a few at a time, within the time there is, and tell the publishers what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from amltasks.errors import AmlTasksError
from amltasks.platforms.base import Compute, NotebookRun, RunEvent, Stop
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.publishers import Publishers

WHY_NOT_RUN = {
    "cancelled": "Not started: the run was cancelled.",
    "runTimeout": "Not started: the time for the whole run (runTimeout) was over.",
    "failOn": "Not started: enough notebooks had failed.",
}


class Suite:
    """One command's notebooks.

    settled: results of runs that need not start, by run_id (a notebook that cannot be read, say).
    finish: what is done with a result before the publishers see it (its page is written); may take its time.
    run_timeout: seconds until all that still runs is stopped, None for no bound.
    """

    def __init__(
        self,
        compute: Compute,
        publishers: Publishers,
        *,
        max_parallel: int,
        stop: Stop,
        run_timeout: float | None = None,
        finish: Callable[[NotebookResult], NotebookResult] = lambda result: result,
    ) -> None:
        self._compute = compute
        self._publishers = publishers
        self._places = asyncio.Semaphore(max_parallel)
        self._stop = stop
        self._run_timeout = run_timeout
        self._finish = finish

    async def run(
        self, title: str, runs: Sequence[NotebookRun], settled: dict[str, NotebookResult] | None = None
    ) -> Report:
        """Run all, in the order given; returns when nothing runs any more. The report is not yet published."""
        started_at = datetime.now(timezone.utc)
        self._publishers.begin(title, runs)
        clock = None
        if self._run_timeout is not None:
            clock = asyncio.get_running_loop().call_later(self._run_timeout, self._stop.set, "runTimeout")
        try:
            results = await asyncio.gather(*(self._one(run, (settled or {}).get(run.run_id)) for run in runs))
        finally:
            if clock is not None:
                clock.cancel()
        return Report(
            title=title,
            results=tuple(results),
            started_at=started_at,
            finished_at=datetime.now(timezone.utc),
            cancelled=self._stop.reason == "cancelled",
        )

    async def _one(self, run: NotebookRun, settled: NotebookResult | None) -> NotebookResult:
        async with self._places:
            result = settled or await self._computed(run)
            result = await asyncio.to_thread(self._finish, result)
            self._publishers.finished(run, result)
            return result

    async def _computed(self, run: NotebookRun) -> NotebookResult:
        if self._stop:
            return run.result(Outcome.NOT_RUN, WHY_NOT_RUN[self._stop.reason or "cancelled"])

        def emit(event: RunEvent) -> None:
            self._publishers.event(run, event)

        try:
            return await self._compute.run(run, emit, self._stop)
        except AmlTasksError as error:
            return run.result(Outcome.NOT_RUN, f"Could not be run: {error}")
