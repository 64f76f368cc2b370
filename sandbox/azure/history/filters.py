"""The language in which runs and experiments are asked for: `(Tags/build eq "7") and (ParentRunId eq null)`.

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | "(" expression ")" | field ("eq" | "ne" | "gt" | "ge" | "lt" | "le") value
    value       = "null" | text in " or ', doubled within it | time, with a blank or a T in it | bare word

Words of the language are read in any case. A member that a dictionary does not have, like `Tags/build` of a run without
that tag, is unknown, and so is each comparison with it: neither that nor its negation is found. So
`Tags/build ne null or Tags/build eq null` asks for all that have the tag, which is how the SDK v1 writes that.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.wire import parse_time

Value = str | int | bool | datetime | None
_TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?![^\s()])"
_TOKEN = re.compile(
    rf"""\s*(?:(?P<mark>[()])|(?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')|(?P<time>{_TIME})|(?P<word>[^\s()"']+))""",
    re.IGNORECASE,
)
_DEEPEST = 100
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


class FilterError(Exception):
    """A text that is not of the language, or that compares what cannot be compared."""


@dataclass(frozen=True)
class Row:
    """What is asked: fields by their names in lower case; dictionaries, whose members are `dictionary/member`."""

    fields: Mapping[str, Value]
    members: Mapping[str, Mapping[str, str | None]]

    def get(self, name: str) -> tuple[Value, bool]:
        """A field's value, and whether it is known."""
        table, slash, key = name.partition("/")
        if not slash and table.lower() in self.fields:
            return self.fields[table.lower()], True
        if not slash or table.lower() not in self.members:
            raise FilterError(f"There is no field '{name}'.")
        values = self.members[table.lower()]
        return values.get(key), key in values


Condition = Callable[[Row], bool | None]  # None: unknown


def parse(text: str) -> Callable[[Row], bool]:
    """What a filter says of a row; nothing is said by an empty one. FilterError, here or when it is asked."""
    if not text.strip():
        return lambda row: True
    condition = _Parser(text).all()
    return lambda row: condition(row) is True


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0

    def all(self) -> Condition:
        condition = self._expression()
        if self._text[self._place :].strip():
            raise self._unexpected("and, or or the end")
        return condition

    def _expression(self) -> Condition:
        parts = [self._conjunction()]
        while self._took("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda row: _any([part(row) for part in parts])

    def _conjunction(self) -> Condition:
        parts = [self._negation()]
        while self._took("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda row: _not(_any([_not(part(row)) for part in parts]))

    def _negation(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FilterError(f"The filter is nested deeper than {_DEEPEST} times.")
        try:
            if self._took("not"):
                inner = self._negation()
                return lambda row: _not(inner(row))
            if self._took("("):
                inner = self._expression()
                if not self._took(")"):
                    raise self._unexpected("a closing bracket")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        _, name = self._next("the name of a field", "word")
        _, word = self._next(f"one of {', '.join(_COMPARISONS)}", "word")
        compare = _COMPARISONS.get(word.lower())
        if compare is None:
            raise FilterError(f"'{word}' is none of {', '.join(_COMPARISONS)}.")
        kind, value = self._next("a value", "text", "time", "word")
        if kind == "text":
            value = value[1:-1].replace(value[0] * 2, value[0])
        wanted = None if kind == "word" and value.lower() == "null" else value

        def holds(row: Row) -> bool | None:
            found, known = row.get(name)
            if not known:
                return None
            if found is None or wanted is None:
                return compare(found, wanted) if word.lower() in ("eq", "ne") else False
            return compare(found, _like(found, wanted))

        return holds

    def _took(self, word: str) -> bool:
        """Whether the next token is this word or bracket; if so it is taken."""
        found = _TOKEN.match(self._text, self._place)
        if found and (found["mark"] or found["word"] or "").lower() == word:
            self._place = found.end()
            return True
        return False

    def _next(self, expected: str, *kinds: str) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._place)
        if found is None or found.lastgroup not in kinds:
            raise self._unexpected(expected)
        self._place = found.end()
        return found.lastgroup, found[found.lastgroup]

    def _unexpected(self, expected: str) -> FilterError:
        rest = self._text[self._place :].strip()
        return FilterError(f"Expected {expected} at '{rest[:40]}'." if rest else f"Expected {expected} at the end.")


def _any(found: list[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False


def _not(found: bool | None) -> bool | None:
    return None if found is None else not found


def _like(found: Value, text: str) -> Value:
    """A literal as what it is compared with."""
    try:
        if isinstance(found, datetime):
            return parse_time(text)
        if isinstance(found, bool):
            return {"true": True, "false": False}[text.lower()]
        return int(text) if isinstance(found, int) else text
    except (ValueError, KeyError):
        raise FilterError(f"'{text}' cannot be compared with a field that is like '{found}'.") from None
