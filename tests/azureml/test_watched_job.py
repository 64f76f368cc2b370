"""What a step says of a job while it waits for it."""

from __future__ import annotations

import asyncio

from amltasks.platforms.azureml.watching import WatchedJob
from amltasks.platforms.base import Progress, RunEvent
from amltasks.redaction import Redactor


def said(*states: tuple[str, int]) -> list[str]:
    """Of a job that is in these states, with so many of its step before it."""
    events: list[RunEvent] = []

    async def watch() -> None:
        job = WatchedJob("a", events.append, Redactor({}), position=2)
        for status, ahead in states:
            job.saw_status(status, ahead)

    asyncio.run(watch())
    return [event.text.removeprefix("Azure ML: ") for event in events if isinstance(event, Progress)]


def test_its_place_in_the_queue_is_told_whenever_it_changes() -> None:
    assert said(("Queued", 2), ("Queued", 2), ("Queued", 1), ("Queued", 0), ("Starting", 0), ("Running", 0)) == [
        "waiting for a node, 2 of this step before it",
        "waiting for a node, 1 of this step before it",
        "waiting for a node",
        "starting on a node",
        "running",
    ]


def test_so_is_that_its_node_was_taken_away() -> None:
    assert said(("Running", 0), ("Queued", 0), ("Running", 0), ("Completed", 0)) == [
        "running",
        "its node was taken away (preempted); it begins anew on another",
        "waiting for a node",
        "running",
    ]
