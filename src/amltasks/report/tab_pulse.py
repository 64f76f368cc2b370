"""When the state of a step that runs is told: at its beginning, and then when something has changed, but seldom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SHORTEST, LONGEST = 10.0, 120.0  # seconds
_OF_THE_TIME = 11.0  # a step that runs for an hour is told of sixty times, and then thirty times an hour
_BYTES_A_SECOND = 100_000
_PATIENCE = 2.0  # seconds for what is being told at the end


class Pulse:
    """Calls `tell` from a thread of its own, which answers with the bytes that it took.

    pause: the seconds until the next time, given those since the beginning and the bytes of the last time.
    """

    def __init__(self, tell: Callable[[], int], pause: Callable[[float, int], float] | None = None) -> None:
        self._tell = tell
        self._pause = pause or pause_after
        self._changed = threading.Condition()
        self._news = self._over = False
        self._thread = threading.Thread(target=self._run, name="notebooks-tab", daemon=True)

    def begin(self) -> None:
        self._news = True
        self._thread.start()

    def changed(self) -> None:
        """There is something new to tell. Returns at once."""
        if not self._news:
            with self._changed:
                self._news = True
                self._changed.notify()

    def end(self) -> None:
        """Nothing is told any more."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        began = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._news or self._over)
                if self._over:
                    return
                self._news = False
            size = self._tell()
            with self._changed:
                if self._changed.wait_for(lambda: self._over, self._pause(time.monotonic() - began, size)):
                    return


def pause_after(seconds: float, size: int) -> float:
    """Seconds until the state is told again. seconds: since the beginning; size: bytes of what was told last."""
    return min(LONGEST, max(SHORTEST, seconds / _OF_THE_TIME, size / _BYTES_A_SECOND))
