"""What is still to be published in a test run, and the sentences about what never was."""

from __future__ import annotations

import threading
from collections.abc import Sequence

NAMED = 5  # how many of the things that are missing a sentence names


class Unpublished:
    """What is still to be published, by key, and why it could not be. Thread-safe."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._lock = threading.Lock()

    def add(self, key: str, label: str) -> None:
        with self._lock:
            self._labels[key] = label

    def because(self, key: str, why: Exception) -> None:
        with self._lock:
            self._reasons[key] = str(why)

    def remove(self, key: str) -> None:
        with self._lock:
            del self._labels[key]

    def sentences(self, failure: BaseException | None) -> list[str]:
        """One for each reason. failure: what ended everything, so the reason of all that has none of its own."""
        by_reason: dict[str, list[str]] = {}
        with self._lock:
            for key, label in self._labels.items():
                reason = self._reasons.get(key) or str(failure or "There was no time left.")
                by_reason.setdefault(reason, []).append(label)
        return [f"Not in the test run: {_listed(labels)}. {reason}" for reason, labels in by_reason.items()]


def _listed(things: Sequence[str]) -> str:
    more = len(things) - NAMED
    return ", ".join(things[:NAMED]) + (f" and {more} more" if more > 0 else "")
