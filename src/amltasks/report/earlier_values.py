"""What notebooks recorded in an earlier run, as its index among the tab's attachments has it, and what has changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from amltasks.errors import ServiceError
from amltasks.report.model import NotebookResult, Report

Value = float | bool | str


class _Lenient(BaseModel):
    """The index may be of another version of this package: what is not asked for may be anything."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class _Result(_Lenient):
    run_id: str
    scraps: dict[str, Value | None] = {}


class _Index(_Lenient):
    results: tuple[_Result, ...] = ()


@dataclass(frozen=True)
class EarlierRun:
    """build: its number, url: its page. values: by run_id and name."""

    build: str
    url: str
    branch: str
    values: dict[str, dict[str, Value]]


@dataclass(frozen=True)
class Change:
    """A value that is another one now, in words. difference: empty where it is no number."""

    title: str
    name: str
    before: str
    now: str
    difference: str


def read_values(content: bytes) -> dict[str, dict[str, Value]]:
    """Of an index: by run_id and name."""
    try:
        index = _Index.model_validate_json(content)
    except ValidationError as error:
        raise ServiceError(f"The results of the earlier build cannot be read: {error.errors()[0]['msg']}.") from None
    return {
        result.run_id: {name: value for name, value in result.scraps.items() if value is not None}
        for result in index.results
    }


def changes(report: Report, earlier: EarlierRun) -> list[Change]:
    """What differs, in the order of the report."""
    return [change for result in report.results for change in _changes(result, earlier.values.get(result.run_id, {}))]


def _changes(result: NotebookResult, before: dict[str, Value]) -> Iterator[Change]:
    for name, now in result.scraps.items():
        if name not in before or not isinstance(now, (int, float, str)):
            continue
        was = before[name]
        change = Change(result.title, name, _words(was), _words(now), _difference(was, now))
        if change.before != change.now:
            yield change


def _words(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if not math.isfinite(value) or (value == int(value) and abs(value) < 1e15):
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.5g}".replace("-", "−")


def _difference(was: Value, now: Value) -> str:
    """`+0.012 (+1.3 %)`; without a share of what was zero."""
    if isinstance(was, (bool, str)) or isinstance(now, (bool, str)):
        return ""
    difference = now - was
    if not math.isfinite(difference):
        return ""
    sign = "+" if difference > 0 else "−"
    share = f" ({sign}{abs(difference / was):.1%})".replace("%", " %") if was else ""
    return f"{sign}{_words(abs(difference))}{share}"
