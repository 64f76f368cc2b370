"""What a worker hears from the command that started it: its assignment, an order to stop, that nobody is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable

from amltasks.notebooks import processes
from amltasks.notebooks.wire import Assignment, StopOrder
from amltasks.platforms.base import Stop

ORPHAN_SECONDS = 5.0  # for an orderly end after the parent is gone; then all is killed


class ParentLine(threading.Thread):
    """Listens on stdin: for the assignment, then for an order to stop or the end, which means that nobody is left."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._buffer = b""
        self._lock = threading.Lock()
        self._reason: StopOrder | None = None
        self._set: Callable[[StopOrder], None] | None = None
        self._marker = ""

    def assignment(self) -> Assignment | None:
        """What is to be done; None where nobody says. Listening in the background begins with it."""
        first = self._next_line()
        if first is None:
            return None
        assignment = Assignment.model_validate_json(first)
        self._marker = assignment.marker
        self.start()
        return assignment

    def attach(self, loop: asyncio.AbstractEventLoop, stop: Stop) -> None:
        """From now on an order reaches this Stop; also one that came before."""

        def set_stop(order: StopOrder) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
                loop.call_soon_threadsafe(stop.set, order.stop)

        with self._lock:
            self._set = set_stop
            if self._reason:
                set_stop(self._reason)

    def run(self) -> None:
        order = self._next_line()
        self._order(StopOrder.model_validate_json(order) if order else StopOrder(stop="cancelled"))
        while order is not None:
            order = self._next_line()
        time.sleep(ORPHAN_SECONDS)
        processes.end_all(self._marker, descendants=True)
        os._exit(3)

    def _order(self, order: StopOrder) -> None:
        with self._lock:
            self._reason = order
            if self._set:
                self._set(order)

    def _next_line(self) -> bytes | None:
        # Not sys.stdin: a thread that sits in its lock while the interpreter ends is a fatal error.
        while b"\n" not in self._buffer:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                return None
            self._buffer += chunk
        found, _, self._buffer = self._buffer.partition(b"\n")
        return found
