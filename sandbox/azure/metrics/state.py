"""Metrics of the SDK v1: numbers are MLflow's, all others (texts, lists, tables, files) are kept here."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timezone

from sandbox.azure.history.state import Run
from sandbox.azure.metrics.models import Cell, Metric
from sandbox.azure.mlflow.state import Metric as Logged
from sandbox.azure.mlflow.state import Tracking
from sandbox.store import Document, Store, Table

SCALAR = "azureml.v1.scalar"
_NUMBERS = ("int", "double", "float")


class Point(Document):
    """data: a cell for each column; a number that is not finite is a text."""

    id: str
    created: datetime
    step: int
    data: dict[str, Cell]


class Series(Document):
    """All values of one metric. kind: what its client draws it as; columns: the type of each."""

    name: str
    kind: str
    columns: dict[str, str]
    points: tuple[Point, ...]


class Metrics:
    """Of all runs."""

    def __init__(self, store: Store, tracking: Tracking) -> None:
        self._store = store
        self._tracking = tracking
        self._series = Table(store, "azure-metric-series", Series)

    def log(self, run: Run, metric: Metric) -> bool:
        """Add values to a metric; False, and nothing is added, where it is one of another kind."""
        with self._store.changing():
            known = self.find(run, metric.name)
            kind, columns = metric.properties.ux_metric_type, metric.columns
            if known and (known.kind != kind or not _same(known.columns, columns)):
                return False
            begin = len(known.points) if known else 0
            points = tuple(
                Point(
                    id=value.metric_id,
                    created=value.created_utc,
                    step=begin + index if value.step is None else value.step,
                    data={name: _finite(cell) for name, cell in value.data.items()},
                )
                for index, value in enumerate(metric.value)
            )
            if _is_number(kind, columns, metric.name):
                self._tracking.log(run, _logged(metric.name, points))
            else:
                points = (*(known.points if known else ()), *points)
                series = Series(name=metric.name, kind=kind, columns=columns, points=points)
                self._series.put(run.uuid, metric.name, series)
            return True

    def all(self, run: Run) -> list[Series]:
        numbers = [self._number(run, key) for key in self._tracking.keys(run)]
        return [*filter(None, numbers), *self._series.all(run.uuid)]

    def find(self, run: Run, name: str) -> Series | None:
        return self._series.get(run.uuid, name) or self._number(run, name)

    def _number(self, run: Run, name: str) -> Series | None:
        logged = self._tracking.history(run, name)
        points = tuple(
            Point(
                id=f"{run.uuid}-{name}-{index}",
                created=datetime.fromtimestamp(each.timestamp / 1000, timezone.utc),
                step=each.step,
                data={name: each.value},
            )
            for index, each in enumerate(logged)
        )
        whole = all(type(each.value) is int for each in logged)
        return (
            Series(name=name, kind=SCALAR, columns={name: "int" if whole else "double"}, points=points)
            if points
            else None
        )


def _logged(name: str, points: Iterable[Point]) -> list[Logged]:
    return [
        Logged(key=name, value=cell, timestamp=int(point.created.timestamp() * 1000), step=point.step)
        for point in points
        if (cell := point.data.get(name)) is not None
    ]


def _is_number(kind: str, columns: dict[str, str], name: str) -> bool:
    return kind == SCALAR and list(columns) == [name] and columns[name].lower() in _NUMBERS


def _same(known: dict[str, str], columns: dict[str, str]) -> bool:
    """Whether both have the same columns, whatever numbers are in them."""

    def plain(kind: str) -> str:
        return "number" if kind.lower() in _NUMBERS else kind.lower()

    return {name: plain(kind) for name, kind in known.items()} == {name: plain(kind) for name, kind in columns.items()}


def _finite(cell: Cell) -> Cell:
    """What JSON's numbers cannot say becomes a text."""
    if not isinstance(cell, float) or math.isfinite(cell):
        return cell
    return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
