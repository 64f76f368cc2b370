"""A few uploads at once, fewer while the service complains."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from amltasks.devops.pacing import Pace


class Uploads:
    """Up to `connections` threads, started when they are needed.

    They are daemons, unlike those of an executor: an upload that hangs must not keep a cancelled job from ending.
    """

    def __init__(self, connections: int, pace: Pace) -> None:
        self._connections = connections
        self._pace = pace
        self._running = 0
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def submit(self, upload: Callable[[], None]) -> None:
        """upload: deals with its errors itself."""
        self._queue.put(upload)
        if len(self._threads) < self._connections:
            thread = threading.Thread(target=self._work, name="upload", daemon=True)
            self._threads.append(thread)
            thread.start()

    def finish(self) -> None:
        """Wait until all that was submitted is done."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while upload := self._queue.get():
            with self._changed:
                self._changed.wait_for(lambda: self._running < self._pace.at_once(self._connections))
                self._running += 1
            try:
                upload()
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()
