"""Queues: who gets a node of a cluster, and when."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Pace:
    """How long things take beside their real work, in seconds; may be changed at any time.

    allocate: until a new compute is there. queue: that every job waits at least. start: of a node that was off. idle:
    how long a node stays on without a job. grace: between SIGTERM and SIGKILL of a job that is cancelled. preempt:
    after how long a job of a cluster of low priority loses its node, once; None for never. log: between two looks at a
    job's log.
    """

    allocate: float = 0.0
    queue: float = 0.0
    start: float = 0.0
    idle: float = 120.0
    grace: float = 10.0
    preempt: float | None = None
    log: float = 0.25


class Cluster:
    """The nodes of one compute, given out in the order in which they were asked for."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._busy = 0
        self._starting = 0
        self._idle: list[float] = []  # when each goes off

    def resize(self, nodes: int) -> None:
        with self._changed:
            self._nodes = nodes
            self._changed.notify_all()

    @contextmanager
    def nodes(self, count: int, pace: Pace, stopped: threading.Event) -> Iterator[bool]:
        """So many nodes, once they are there; False where `stopped` came first."""
        got = self._take(count, stopped)
        try:
            yield got and self._start(count, pace, stopped)
        finally:
            if got:
                with self._changed:
                    self._busy -= count
                    self._idle += [time.monotonic() + pace.idle] * count
                    self._changed.notify_all()

    def wake(self) -> None:
        """Let those that wait see that they are stopped."""
        with self._changed:
            self._changed.notify_all()

    @property
    def counts(self) -> dict[str, int]:
        """Nodes by state, by the names that Azure ML has for them."""
        with self._changed:
            return {
                "idleNodeCount": len(self._on()),
                "runningNodeCount": self._busy - self._starting,
                "preparingNodeCount": self._starting,
                "unusableNodeCount": 0,
                "leavingNodeCount": 0,
                "preemptedNodeCount": 0,
            }

    def _take(self, count: int, stopped: threading.Event) -> bool:
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            while not stopped.is_set() and (self._queue[0] is not ticket or self._nodes - self._busy < count):
                self._changed.wait()
            self._queue.remove(ticket)
            if not stopped.is_set():
                self._busy += count
            self._changed.notify_all()
            return not stopped.is_set()

    def _start(self, count: int, pace: Pace, stopped: threading.Event) -> bool:
        """Wait for those nodes that were off."""
        with self._changed:
            on = self._on()
            off = max(0, count - len(on))
            self._idle = on[count - off :]
            self._starting += off
        try:
            return not (stopped.wait(pace.start) if off else stopped.is_set())
        finally:
            with self._changed:
                self._starting -= off

    def _on(self) -> list[float]:
        now = time.monotonic()
        return sorted(until for until in self._idle if until > now)
