"""Places in a JSON document: `/result/0` (RFC 6901), or `$.result[0]`, `result[*].score` as people write them."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, TypeAlias

from amltasks.errors import UserError
from amltasks.quoting import listed, quoted


class Every(Enum):
    """A step to all items of a list, or all values of an object."""

    ITEM = "*"


Step: TypeAlias = str | int | Every
Place: TypeAlias = tuple[Step, ...]

_STEP = re.compile(
    r"""\.?(?P<name>[^.\[\]'"*$]+)|\[(?P<index>-?\d{1,9})\]|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]"""
    r"""|\.?(?:\[\*\]|\*)"""
)


class MissingError(Exception):
    """Why a document has no such place, a clause."""


def parse_place(text: str, name: str) -> Place:
    """The steps of a place; empty for the whole document. name: what it was given for. Raises UserError."""
    if text in ("", "$"):
        return ()
    if text.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))
    steps: list[Step] = []
    rest = text.removeprefix("$")
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise UserError(f"{name}: {quoted(text)} is no place in JSON: write /result/0 or $.result[0].")
        steps.append(_step(found))
        rest = rest[found.end() :]
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["index"] is not None:
        return int(found["index"])
    if found["name"] is not None:
        return found["name"]
    return Every.ITEM if found["quoted"] is None else found["quoted"]


def values_at(document: Any, place: Place) -> list[Any]:
    """What stands there: one value, or one for each item where the place says `*`. Raises MissingError."""
    values = [document]
    for number, step in enumerate(place):
        values = [found for value in values for found in _from(value, step, place[:number])]
    return values


def _from(value: Any, step: Step, above: Place) -> list[Any]:
    if isinstance(step, Every):
        if isinstance(value, dict | list):
            return list(value.values() if isinstance(value, dict) else value)
    elif isinstance(value, dict):
        if str(step) in value:
            return [value[str(step)]]
        raise MissingError(f"{shown(above)} has no {quoted(step)}, only {listed(value) or 'nothing'}")
    elif isinstance(value, list):
        if isinstance(step, str) and re.fullmatch(r"\d{1,9}", step, re.ASCII):
            step = int(step)
        if isinstance(step, int) and -len(value) <= step < len(value):
            return [value[step]]
        items = "1 item" if len(value) == 1 else f"{len(value)} items"
        raise MissingError(f"{shown(above)} has {items}, and no {step!r}")
    raise MissingError(f"{shown(above)} is neither object nor list")


def shown(place: Place) -> str:
    """As a sentence has it: `result[0]`; `the response` for all of it."""
    text = "".join(
        "[*]" if isinstance(step, Every) else f"[{step}]" if isinstance(step, int) else f".{step}" for step in place
    )
    return text.removeprefix(".") or "the response"
