"""Metrics of runs, as they were logged."""

from __future__ import annotations

from typing import Annotated

from pydantic import Strict

from sandbox.azure.history.state import Run
from sandbox.store import Document, Store, Table


class Metric(Document):
    """value: a text where it is not finite. timestamp: milliseconds since the epoch."""

    key: str
    value: Annotated[int, Strict()] | Annotated[float, Strict()] | str
    timestamp: int
    step: int = 0


class Tracking:
    """Parameters and tags are kept with the runs themselves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._metrics = Table(store, "azure-metric", Metric)

    def log(self, run: Run, metrics: list[Metric]) -> None:
        with self._store.changing():
            for metric in metrics:
                self._metrics.put(run.uuid, self._store.count(f"metric/{run.uuid}"), metric)

    def keys(self, run: Run) -> list[str]:
        """In the order in which they were first logged."""
        return list(dict.fromkeys(metric.key for metric in self._metrics.all(run.uuid)))

    def history(self, run: Run, key: str) -> list[Metric]:
        """In the order in which they were logged."""
        return [metric for metric in self._metrics.all(run.uuid) if metric.key == key]

    def latest(self, run: Run) -> list[Metric]:
        """Of each metric the value of the highest step; of two, the later one."""
        found: dict[str, Metric] = {}
        for metric in self._metrics.all(run.uuid):
            known = found.get(metric.key)
            if known is None or (metric.step, metric.timestamp) >= (known.step, known.timestamp):
                found[metric.key] = metric
        return list(found.values())
