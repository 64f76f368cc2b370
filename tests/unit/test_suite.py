"""The suite: order, parallelism, time, memory, and what happens to those that never start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from amltasks.errors import ServiceError
from amltasks.notebooks.schedule import Demand
from amltasks.notebooks.suite import Suite
from amltasks.platforms.base import Note, NotebookRun, RunEvent, Stop
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.publisher import Publisher
from amltasks.report.publishers import Publishers


class Clockwork:
    """A compute whose notebooks take the seconds that their parameters say."""

    def __init__(self) -> None:
        self.running = self.most_at_once = 0

    async def run(self, run: NotebookRun, emit: Callable[[RunEvent], None], stop: Stop) -> NotebookResult:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            if run.parameters.get("broken"):
                raise ServiceError("no room on this machine")
            emit(Note(text="started"))
            try:
                await asyncio.wait_for(stop.wait(), run.parameters.get("seconds", 0.01))
                outcome = Outcome.CANCELLED if stop.reason == "cancelled" else Outcome.TIMED_OUT
            except asyncio.TimeoutError:
                outcome = Outcome.PASSED
            return NotebookResult(run_id=run.run_id, notebook=run.notebook, outcome=outcome)
        finally:
            self.running -= 1


class Listener(Publisher):
    name = "listener"

    def __init__(self) -> None:
        self.heard: list[str] = []

    def begin(self, title: str, runs: Sequence[NotebookRun]) -> None:
        self.heard.append(f"begin {title}")

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        self.heard.append(f"{run.run_id} {event.kind}")

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        self.heard.append(f"{run.run_id} {result.outcome.value}")


class Mute(Publisher):
    name = "mute"

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        raise OSError("disk full")


def a_run(name: str, **parameters: object) -> NotebookRun:
    return NotebookRun(
        run_id=name,
        source=Path(f"/{name}.ipynb"),
        notebook=f"{name}.ipynb",
        parameters=parameters,
        working_directory=Path("/"),
        folder=Path("/nowhere"),
    )


def run_suite(
    runs: Sequence[NotebookRun],
    *publishers: Publisher,
    compute: Clockwork | None = None,
    max_parallel: int = 2,
    run_timeout: float | None = None,
    cancel_after: float | None = None,
    settled: dict[str, NotebookResult] | None = None,
    **options: Any,
) -> Report:
    async def go() -> Report:
        stop = Stop()
        if cancel_after is not None:
            asyncio.get_running_loop().call_later(cancel_after, stop.set, "cancelled")
        together = Publishers(publishers)
        options.update(max_parallel=max_parallel, stop=stop, run_timeout=run_timeout)
        suite = Suite(compute or Clockwork(), together, **options)
        return together.complete(await suite.run("Notebooks", runs, settled))

    return asyncio.run(go())


def outcomes(report: Report) -> list[str]:
    return [result.outcome.value for result in report.results]


def test_results_stand_in_the_order_of_the_plan_whoever_ends_first() -> None:
    report = run_suite([a_run("slow", seconds=0.2), a_run("quick"), a_run("middle", seconds=0.1)], max_parallel=3)

    assert [result.run_id for result in report.results] == ["slow", "quick", "middle"]


def test_no_more_run_at_once_than_allowed() -> None:
    compute = Clockwork()

    run_suite([a_run(f"n{i}", seconds=0.05) for i in range(6)], compute=compute, max_parallel=2)

    assert compute.most_at_once == 2


def test_publishers_hear_of_everything() -> None:
    listener = Listener()

    run_suite([a_run("a")], listener)

    assert listener.heard == ["begin Notebooks", "a note", "a passed"]


def test_a_publisher_that_fails_is_a_problem_and_no_loss_to_the_others() -> None:
    listener = Listener()

    report = run_suite([a_run("a"), a_run("b")], Mute(), listener, max_parallel=1)

    assert report.problems == ("mute: disk full",)
    assert "b passed" in listener.heard


def test_when_the_time_is_over_what_runs_is_stopped_and_the_rest_never_starts() -> None:
    report = run_suite([a_run("long", seconds=60), a_run("never")], max_parallel=1, run_timeout=0.5)

    assert outcomes(report) == ["timedOut", "notRun"]
    assert "runTimeout" in report.results[1].message
    assert not report.cancelled


def test_a_cancelled_run_keeps_what_was_done() -> None:
    report = run_suite([a_run("done"), a_run("long", seconds=60), a_run("never")], max_parallel=1, cancel_after=1)

    assert outcomes(report) == ["passed", "cancelled", "notRun"]
    assert report.cancelled


def test_a_notebook_that_cannot_be_run_does_not_stop_the_others() -> None:
    report = run_suite([a_run("broken", broken=True), a_run("fine")])

    assert outcomes(report) == ["notRun", "passed"]
    assert report.results[0].message == "Could not be run: no room on this machine"


def test_a_settled_result_is_published_without_running() -> None:
    listener = Listener()
    invalid = NotebookResult(run_id="bad", notebook="bad.ipynb", outcome=Outcome.INVALID, message="not JSON")

    report = run_suite([a_run("bad", seconds=60)], listener, settled={"bad": invalid})

    assert outcomes(report) == ["invalid"]
    assert listener.heard == ["begin Notebooks", "bad invalid"]


def test_the_longest_of_last_time_starts_first_and_results_stay_in_order() -> None:
    listener = Listener()
    demands = {"b": Demand(seconds=5), "c": Demand(seconds=9)}

    report = run_suite([a_run("a"), a_run("b"), a_run("c")], listener, max_parallel=1, demands=demands)

    assert [heard for heard in listener.heard if heard.endswith("passed")] == ["c passed", "a passed", "b passed"]
    assert [result.run_id for result in report.results] == ["a", "b", "c"]


def test_a_notebook_without_memory_waits_and_says_so() -> None:
    compute, demands = Clockwork(), {name: Demand(1, 600) for name in "ab"}

    report = run_suite([a_run("a", seconds=0.2), a_run("b")], compute=compute, demands=demands, max_memory=1000)

    assert compute.most_at_once == 1
    assert report.results[0].notes == ()
    assert "for memory: it took 600 bytes the last time, and 400 bytes of maxMemory" in report.results[1].notes[0]


def test_when_enough_have_failed_no_more_start_and_what_runs_ends() -> None:
    runs = [a_run("bad", broken=True), a_run("runs", seconds=0.3), a_run("never"), a_run("nor this")]

    report = run_suite(runs, enough=lambda failed, total: failed > 0 and total == 4)

    assert outcomes(report) == ["notRun", "passed", "notRun", "notRun"]
    assert report.results[2].message == "Not run: enough notebooks had failed (failFast)."
    assert not report.cancelled
