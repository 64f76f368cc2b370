"""Test runs."""

from __future__ import annotations

from sandbox.store import Store


class TestRuns:
    """All test runs of the project."""

    def __init__(self, store: Store) -> None:
        self.store = store
