"""A cell's output as much as a log should show: its beginning, now and then a line, its end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

HEAD = 100  # lines shown as they come
TAIL = 20  # last lines shown when the cell has ended
PULSE = 15.0  # seconds between the lines shown after the head, so that a long cell is seen to live


class CellOutput:
    """Passes lines on, within bounds; all of them are in the notebook's `console.log`."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._count = 0
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._shown_at = 0.0

    def add(self, text: str) -> None:
        for line in text.splitlines():
            self._count += 1
            if self._count <= HEAD:
                self._show(f"    {line}")
                self._shown_at = time.monotonic()
                continue
            self._tail.append(line)
            if time.monotonic() - self._shown_at >= PULSE:
                self._show(f"    … line {self._count:,}: {line}")
                self._tail.clear()
                self._shown_at = time.monotonic()

    def end(self) -> None:
        """The cell has ended: what was left out is counted, the last lines are shown."""
        left_out = self._count - HEAD - len(self._tail)
        if left_out > 0:
            self._show(f"    … {left_out:,} lines left out, console.log has them all …")
        for line in self._tail:
            self._show(f"    {line}")
        self._count = 0
        self._tail.clear()
