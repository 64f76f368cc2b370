"""Runs and experiments as they are asked for: filtered, ordered, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sandbox.azure.history import errors
from sandbox.azure.history.filters import FilterError, Row, parse
from sandbox.azure.history.models import Query
from sandbox.azure.history.state import Experiment, Run

_PAGE = 100
_MOST = 1000
Item = TypeVar("Item", Run, Experiment)


def run_row(run: Run) -> Row:
    return Row(
        fields={
            "runid": run.id,
            "parentrunid": run.parent,
            "rootrunid": run.root or run.id,
            "runnumber": run.number,
            "experimentid": run.experiment_id,
            "name": run.name or None,
            "displayname": run.display_name,
            "description": run.description or None,
            "status": run.status,
            "runtype": run.type,
            "scriptname": run.script or None,
            "target": run.target or None,
            "hidden": run.hidden,
            "userid": run.caller.object_id,
            "createdutc": run.created,
            "starttimeutc": run.started,
            "endtimeutc": run.ended,
        },
        members={"tags": run.tags, "properties": run.properties, "runtypev2": {}},
    )


def experiment_row(experiment: Experiment) -> Row:
    return Row(
        fields={
            "experimentid": experiment.id,
            "name": experiment.name,
            "createdutc": experiment.created,
            "archivedtime": experiment.archived,
        },
        members={"tags": experiment.tags},
    )


def page(items: Iterable[Item], row: Callable[[Item], Row], asked: Query, body: Callable[[Item], Any]) -> Any:
    """One page as it is answered. The token of the next one is the id of the last item of this one."""
    try:
        condition = parse(asked.filter or "")
        found = [item for item in items if condition(row(item))]
    except FilterError as error:
        raise errors.bad_filter(asked.filter or "", str(error)) from None
    found = _ordered(found, row, asked.orderby or "CreatedUtc desc")
    begin, size = 0, _PAGE if asked.top is None else asked.top
    if not 1 <= size <= _MOST:
        raise errors.bad_page(size, _MOST)
    if asked.continuation_token:
        ids = [item.id for item in found]
        if asked.continuation_token not in ids:
            raise errors.bad_token(asked.continuation_token)
        begin = ids.index(asked.continuation_token) + 1
    shown, more = found[begin : begin + size], begin + size < len(found)
    return {"value": [body(item) for item in shown], "continuationToken": shown[-1].id if more else None}


def _ordered(items: list[Item], row: Callable[[Item], Row], order: str) -> list[Item]:
    """order: a field, and `asc` or `desc`. What has no value comes last when it is descending."""
    name, _, direction = order.strip().partition(" ")
    if direction.strip().lower() not in ("", "asc", "desc"):
        raise errors.bad_order(order)

    def key(item: Item) -> tuple[bool, Any]:
        try:
            value, _ = row(item).get(name)
        except FilterError:
            raise errors.bad_order(order) from None
        return value is not None, value if value is not None else 0

    return sorted(items, key=key, reverse=direction.strip().lower() == "desc")
