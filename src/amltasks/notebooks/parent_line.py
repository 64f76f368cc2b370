"""What a worker hears from the command that started it: assignments, an order to stop, that nobody is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from pydantic import TypeAdapter

from amltasks.notebooks import processes
from amltasks.notebooks.wire import Assignment, StopOrder
from amltasks.platforms.base import Stop

ORPHAN_SECONDS = 5.0  # for an orderly end after the parent is gone; then all is killed

_HEARD: TypeAdapter[Assignment | StopOrder] = TypeAdapter(Assignment | StopOrder)


class ParentLine(threading.Thread):
    """Listens on stdin: for assignments, one at a time, for orders to stop, and for the end: nobody is left."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._buffer = b""
        self._lock = threading.Lock()
        self._assigned: SimpleQueue[Assignment | None] = SimpleQueue()
        self._order: StopOrder | None = None
        self._set: Callable[[StopOrder], None] | None = None
        self._marker = ""  # of the assignment that is being carried out
        self.start()

    def assignment(self) -> Assignment | None:
        """What is to be done next; None where nobody says. What was ordered before concerns it no more."""
        return self._assigned.get()

    def done(self) -> None:
        """The assignment is carried out: an order to stop that comes now is late."""
        with self._lock:
            self._marker, self._order, self._set = "", None, None

    def attach(self, loop: asyncio.AbstractEventLoop, stop: Stop) -> None:
        """From now on an order reaches this Stop; also one that came before."""

        def set_stop(order: StopOrder) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
                loop.call_soon_threadsafe(stop.set, order.stop)

        with self._lock:
            self._set = set_stop
            if self._order:
                set_stop(self._order)

    def run(self) -> None:
        try:
            while heard := self._next_line():
                self._take(_HEARD.validate_json(heard))
        finally:
            self._assigned.put(None)
        self._take(StopOrder(stop="cancelled"))
        time.sleep(ORPHAN_SECONDS)
        with self._lock:
            if self._marker:
                processes.end_all(self._marker, of_ours=True)
        os._exit(3)

    def _take(self, heard: Assignment | StopOrder) -> None:
        with self._lock:
            if isinstance(heard, Assignment):
                self._marker = heard.marker
                self._assigned.put(heard)
            elif self._marker:
                self._order = heard
                if self._set:
                    self._set(heard)

    def _next_line(self) -> bytes | None:
        # Not sys.stdin: a thread that sits in its lock while the interpreter ends is a fatal error.
        while b"\n" not in self._buffer:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                return None
            self._buffer += chunk
        found, _, self._buffer = self._buffer.partition(b"\n")
        return found
