"""The rules of a gate, as people write them.

- accuracy                                    higher is better
- {name: rmse, direction: lower, tolerance: 1%}
- name: recall
  tolerance: 0.005                            differences up to this count for nothing
  minimum: 0.8                                counts whatever the champion has
  slices: [EU, US, "city=*"]                  the same for recall[EU] (or recall/EU), …
- {name: latency, direction: none, maximum: 0.2}    only its bounds count
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

from pydantic import ValidationError, field_validator, model_validator

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.quoting import nearest, quoted


class Direction(str, Enum):
    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"  # neither is better


class Tolerance(Data):
    """How much is no difference. relative: of the larger of both values, 0.01 is one percent. The larger one counts."""

    absolute: float = 0.0
    relative: float = 0.0


class Rule(Data):
    """What is asked of one metric, and of its slices in the same way."""

    name: str
    direction: Direction = Direction.HIGHER
    tolerance: Tolerance = Tolerance()
    minimum: float | None = None
    maximum: float | None = None
    slices: tuple[str, ...] = ()

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("a metric has a name")
        return name.strip()

    @field_validator("tolerance", mode="before")
    @classmethod
    def _amount_or_share(cls, value: Any) -> Any:
        if isinstance(value, str) and value.strip().endswith("%"):
            return Tolerance(relative=_number(value.strip()[:-1]) / 100)
        return value if isinstance(value, (dict, Tolerance)) else Tolerance(absolute=_number(value))

    @field_validator("slices", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        several = value if isinstance(value, (list, tuple)) else [value]
        return tuple(str(each) if isinstance(each, (int, float)) else each for each in several)

    @model_validator(mode="after")
    def _sensible(self) -> Rule:
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if not all(map(math.isfinite, (*bounds, self.tolerance.absolute, self.tolerance.relative))):
            raise ValueError("bounds and tolerances are finite numbers")
        if min(self.tolerance.absolute, self.tolerance.relative) < 0:
            raise ValueError("a tolerance is not negative")
        if bounds != sorted(bounds):
            raise ValueError("its minimum is above its maximum")
        if self.direction is Direction.NONE and not bounds:
            raise ValueError("direction none asks for a minimum or a maximum")
        return self


def read_rules(value: Any, where: str = "metrics") -> tuple[Rule, ...]:
    """From what YAML holds: a list of names and mappings; None is no rules. Raises UserError, naming `where`."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UserError(f"{where}: write a list, with one `- name: accuracy` for each metric.")
    rules = tuple(_rule(each, f"{where}: {number}.") for number, each in enumerate(value, 1))
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{where}: {quoted(name)} is there twice: put what is asked of it into one rule.")
    return rules


def _rule(value: Any, where: str) -> Rule:
    try:
        return Rule.model_validate({"name": value} if isinstance(value, str) else value)
    except ValidationError as error:
        fault = error.errors()[0]
    place = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        known = list(Rule.model_fields)
        raise UserError(f"{where} {quoted(place)} is not known{nearest(place, known)}: there are {', '.join(known)}.")
    if fault["type"] in ("model_type", "dict_type"):
        raise UserError(f"{where} is neither the name of a metric nor a mapping with one.")
    what = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    raise UserError(f"{where} {f'{place}: ' if place else ''}{what}.")


def _number(value: Any) -> float:
    try:
        return float("" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise ValueError(f"{quoted(value)} is neither a number nor a percentage such as 1%") from None
