"""The time that a world's services go by. It can be set forward, so that hours pass in a test."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """Runs like the machine's, some seconds ahead of it. What the clients go by is their own."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead

    def now(self) -> datetime:
        """In UTC."""
        return datetime.fromtimestamp(self.time(), timezone.utc)
