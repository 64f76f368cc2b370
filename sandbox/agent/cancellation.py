"""A request to stop, made once and from any thread; whoever waits is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Cancellation:
    def __init__(self) -> None:
        self._event = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def wait(self, seconds: float) -> bool:
        """Sleep; True, and sooner, where the request came."""
        return self._event.wait(seconds)

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call the listener on the request while the block runs, at once where it was made before."""
        with self._lock:
            self._listeners.append(listener)
            requested = self._event.is_set()
        if requested:
            listener()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    @contextmanager
    def after(self, seconds: float | None) -> Iterator[None]:
        """Request by itself when the block takes longer; None: never."""
        timer = None
        if seconds is not None:
            timer = threading.Timer(seconds, self.request)
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
