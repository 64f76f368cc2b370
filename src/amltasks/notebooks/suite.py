"""Run many notebooks: a few at a time, within the time and memory there are, and tell the publishers what happens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone

from amltasks.errors import AmlTasksError
from amltasks.notebooks.schedule import Demand, Schedule
from amltasks.platforms.base import Compute, Note, NotebookRun, RunEvent, Stop
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.publishers import Publishers

WHY_NOT_RUN = {
    "cancelled": "Not started: the run was cancelled.",
    "runTimeout": "Not started: the time for the whole run (runTimeout) was over.",
}
ENOUGH_FAILED = "Not run: enough notebooks had failed (failFast)."
LOOK_SECONDS = 1.0  # between looks whether there is memory again for those that wait


class Suite:
    """One command's notebooks.

    finish: what is done with a result before the publishers see it (its page is written); may take its time.
    run_timeout: seconds until all that still runs is stopped, None for no bound.
    demands, max_memory: see `Schedule`.
    enough: given how many of how many have failed, whether no more are started; those that run end as they would.
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
        demands: Mapping[str, Demand] | None = None,
        max_memory: int | None = None,
        enough: Callable[[int, int], bool] = lambda failed, total: False,
    ) -> None:
        self._compute = compute
        self._publishers = publishers
        self._max_parallel = max_parallel
        self._stop = stop
        self._run_timeout = run_timeout
        self._finish = finish
        self._demands = demands or {}
        self._max_memory = max_memory
        self._enough = enough

    async def run(
        self, title: str, runs: Sequence[NotebookRun], settled: Mapping[str, NotebookResult] | None = None
    ) -> Report:
        """Run all; returns when nothing runs any more. Results stand in the order of the runs, not yet published.

        settled: results of runs that need not start, by run_id (a notebook that cannot be read, say).
        """
        started_at = datetime.now(timezone.utc)
        self._publishers.begin(title, runs)
        clock = None
        if self._run_timeout is not None:
            clock = asyncio.get_running_loop().call_later(self._run_timeout, self._stop.set, "runTimeout")
        try:
            results = await self._all(runs, settled or {})
        finally:
            if clock is not None:
                clock.cancel()
        return Report(
            title=title,
            results=tuple(results[run.run_id] for run in runs),
            started_at=started_at,
            finished_at=datetime.now(timezone.utc),
            cancelled=self._stop.reason == "cancelled",
        )

    async def _all(
        self, runs: Sequence[NotebookRun], settled: Mapping[str, NotebookResult]
    ) -> dict[str, NotebookResult]:
        """Results by run_id. The settled ones come first, then as places are free what the schedule gives."""
        known = deque(run for run in runs if run.run_id in settled)
        schedule = Schedule([run for run in runs if run.run_id not in settled], self._demands, self._max_memory)
        results: dict[str, NotebookResult] = {}
        failed = 0
        running: set[asyncio.Task[NotebookResult]] = set()
        try:
            while True:
                enough = self._enough(failed, len(runs))
                while len(running) < self._max_parallel:
                    if known:
                        run = known.popleft()
                        running.add(asyncio.create_task(self._finished(run, settled[run.run_id])))
                    elif next_run := schedule.next():
                        running.add(asyncio.create_task(self._one(next_run, schedule, enough)))
                    else:
                        break
                if not running:
                    return results
                timeout = LOOK_SECONDS if schedule else None
                done, running = await asyncio.wait(running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                for result in (task.result() for task in done):
                    results[result.run_id] = result
                    failed += not result.ok
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _one(self, run: NotebookRun, schedule: Schedule, enough: bool) -> NotebookResult:
        try:
            delay = schedule.delay(run)
            result = run.result(Outcome.NOT_RUN, ENOUGH_FAILED) if enough else await self._computed(run, delay)
            return await self._finished(run, result)
        finally:
            schedule.ended(run)

    async def _finished(self, run: NotebookRun, result: NotebookResult) -> NotebookResult:
        result = await asyncio.to_thread(self._finish, result)
        self._publishers.finished(run, result)
        return result

    async def _computed(self, run: NotebookRun, delay: str) -> NotebookResult:
        """delay: why it did not start before, or empty."""
        if self._stop:
            return run.result(Outcome.NOT_RUN, WHY_NOT_RUN[self._stop.reason or "cancelled"])

        def emit(event: RunEvent) -> None:
            self._publishers.event(run, event)

        if delay:
            emit(Note(text=delay))
        try:
            result = await self._compute.run(run, emit, self._stop)
        except AmlTasksError as error:
            return run.result(Outcome.NOT_RUN, f"Could not be run: {error}")
        return result.model_copy(update={"notes": (delay, *result.notes)}) if delay else result
