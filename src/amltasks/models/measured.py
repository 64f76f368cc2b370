"""Metrics of a model, each with where it was found: a file, a run or its child, scraps, the registry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.platforms.registry import Metric, Model, Registry
from amltasks.quoting import quoted
from amltasks.report.model import NotebookResult

# Property of a registered model: its metrics as JSON, in as many properties as it takes (`amltasks.metrics.2`, …).
PROPERTY = "amltasks.metrics"
_LONGEST_PROPERTY = 1000  # https://learn.microsoft.com/azure/machine-learning/resource-limits-capacity
_MOST_PROPERTIES = 20


class Measured(Data):
    """where: for people, as in `the run abc`."""

    value: float
    where: str


Measurements = Mapping[str, Measured]


def numbers_in(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a value as JSON holds it: {"recall": {"EU": 0.8}} is `recall[EU]`. Lists and texts have none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers_in(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and name:
        yield name, float(value)


def from_file(path: Path, where: str) -> dict[str, Measured]:
    """A JSON object of numbers, in objects of slices where there are some. Raises UserError."""
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"metricsFile: {quoted(where)} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UserError(f"metricsFile: {quoted(where)} is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise UserError(f'metricsFile: {quoted(where)} is not an object such as {{"accuracy": 0.9}}.')
    return _measured(numbers_in(value), f"the file {where}")


def from_run(metrics: Iterable[Metric], run: str) -> dict[str, Measured]:
    """The run's own before its children's."""
    found: dict[str, Measured] = {}
    for metric in metrics:
        where = f"the run {run}" if metric.run == run else f"its child {metric.run}"
        found.setdefault(metric.name, Measured(value=metric.value, where=where))
    return found


def from_scraps(result: NotebookResult) -> dict[str, Measured]:
    return _measured(numbers_in(result.scraps), f"the scraps of {result.title}")


def first_found(*sources: Measurements) -> dict[str, Measured]:
    """Of all names, the value of the first source that has it."""
    found: dict[str, Measured] = {}
    for source in sources:
        for name, measured in source.items():
            found.setdefault(name, measured)
    return found


def values(measurements: Measurements) -> dict[str, float]:
    return {name: measured.value for name, measured in measurements.items()}


def to_properties(metrics: Mapping[str, float]) -> dict[str, str]:
    """For a model that is registered. Those that have no room are left out, the last first."""
    texts: list[str] = []
    for name, value in metrics.items():
        entry = f"{json.dumps(name)}:{json.dumps(value)}"
        if texts and len(texts[-1]) + len(entry) + 3 <= _LONGEST_PROPERTY:
            texts[-1] += f",{entry}"
        elif len(texts) < _MOST_PROPERTIES and len(entry) + 2 <= _LONGEST_PROPERTY:
            texts.append(entry)
    return {PROPERTY if number == 1 else f"{PROPERTY}.{number}": f"{{{text}}}" for number, text in enumerate(texts, 1)}


def of_champion(registry: Registry, model: Model, wanted: Iterable[str]) -> dict[str, Measured]:
    """What is known of a registered model: from its properties, its run and, for those wanted, tags of their names."""
    kept = from_properties(model)
    if kept:
        return kept
    logged: dict[str, Measured] = {}
    if model.run:
        try:
            logged = from_run(registry.metrics(model.run), model.run)
        except UserError:
            logged = {}  # runs are deleted before models are
    said = {**model.properties, **model.tags}
    tagged = {name: number for name in wanted if (number := _number(said.get(name, ""))) is not None}
    return first_found(logged, _measured(tagged.items(), f"the tags of {model.id}"))


def from_properties(model: Model) -> dict[str, Measured]:
    found: dict[str, Measured] = {}
    for name, text in model.properties.items():
        if name == PROPERTY or name.startswith(f"{PROPERTY}."):
            try:
                found |= _measured(numbers_in(json.loads(text)), f"{model.id}, as it was registered")
            except ValueError:
                continue  # written by somebody else
    return found


def _measured(numbers: Iterable[tuple[str, float]], where: str) -> dict[str, Measured]:
    return {name: Measured(value=value, where=where) for name, value in numbers}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
