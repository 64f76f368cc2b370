"""The expression language of Azure Pipelines: conditions, `$[ ]` and the inside of `${{ }}`.

    parse("and(succeeded(), eq(variables.kind, 'nightly'))").evaluate(Scope(names, functions))

Values are None, bool, int, float, str, list and dict (whose keys are looked up without regard to case). Comparison
follows the service: the right side is converted to the type of the left one, and text is compared without regard to
case.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Value = Any  # None | bool | int | float | str | list[Value] | dict[str, Value]
Function = Callable[..., Value]


class ExpressionError(Exception):
    """The expression is malformed, or cannot be evaluated with the values there are."""


@dataclass(frozen=True)
class Scope:
    """What an expression can see: named values (`variables`, …) and functions beyond the standard ones."""

    names: Mapping[str, Value] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)


# The tree


class Expression:
    def evaluate(self, scope: Scope) -> Value:
        raise NotImplementedError


@dataclass(frozen=True)
class Literal(Expression):
    value: Value

    def evaluate(self, scope: Scope) -> Value:
        return self.value


@dataclass(frozen=True)
class Name(Expression):
    name: str

    def evaluate(self, scope: Scope) -> Value:
        for name, value in scope.names.items():
            if name.lower() == self.name.lower():
                return value
        raise ExpressionError(f"Unrecognized value: '{self.name}'. Known here: {', '.join(scope.names) or 'none'}")


@dataclass(frozen=True)
class Member(Expression):
    owner: Expression
    key: Expression

    def evaluate(self, scope: Scope) -> Value:
        owner, key = self.owner.evaluate(scope), self.key.evaluate(scope)
        if isinstance(owner, list):
            index = to_number(key)
            return owner[int(index)] if index is not None and 0 <= index < len(owner) else None
        if isinstance(owner, dict):
            wanted = to_text(key).lower()
            return next((value for name, value in owner.items() if name.lower() == wanted), None)
        return None


@dataclass(frozen=True)
class Call(Expression):
    name: str
    arguments: tuple[Expression, ...]

    def evaluate(self, scope: Scope) -> Value:
        name = self.name.lower()
        if name in _LAZY:
            return _LAZY[name](scope, self.arguments)
        for known, function in {**STANDARD, **scope.functions}.items():
            if known.lower() == name:
                arguments = [argument.evaluate(scope) for argument in self.arguments]
                try:
                    inspect.signature(function).bind(*arguments)
                except TypeError as error:
                    raise ExpressionError(f"{self.name}: {error}") from error
                return function(*arguments)
        raise ExpressionError(f"Unrecognized function: '{self.name}'")


# Conversions


def to_bool(value: Value) -> bool:
    """Null, 0 and empty text are false; lists and objects are true."""
    return True if isinstance(value, (list, dict)) else bool(value)


def to_number(value: Value) -> float | None:
    """None where the value is no number."""
    if value is None or value == "":
        return 0.0
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value.strip().replace(",", ""))
        except ValueError:
            return None
    return None


def to_text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, dict)):
        raise ExpressionError(f"A {'sequence' if isinstance(value, list) else 'mapping'} cannot be used as text")
    return str(value)


def equal(left: Value, right: Value) -> bool:
    if isinstance(left, (list, dict)) or isinstance(right, (list, dict)):
        return left is right
    if left is None:
        return right is None or right == ""
    if isinstance(left, bool):
        return left == to_bool(right)
    if isinstance(left, (int, float)):
        return to_number(right) == float(left)
    return str(left).lower() == to_text(right).lower()


def _compare(left: Value, right: Value) -> int:
    if isinstance(left, str):
        first, second = left.lower(), to_text(right).lower()
        return (first > second) - (first < second)
    a, b = to_number(left), to_number(right)
    if a is None or b is None:
        raise ExpressionError(f"Unable to convert '{right}' to a number")
    return (a > b) - (a < b)


# Functions


def _contains(haystack: Value, needle: Value) -> bool:
    if isinstance(haystack, list):
        return any(equal(item, needle) for item in haystack)
    return to_text(needle).lower() in to_text(haystack).lower()


def _contains_value(container: Value, wanted: Value) -> bool:
    values = list(container.values()) if isinstance(container, dict) else container
    if not isinstance(values, list):
        raise ExpressionError("containsValue needs a list or an object")
    return any(equal(item, wanted) for item in values if not isinstance(item, (list, dict)))


def _format(pattern: Value, *arguments: Value) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if int(match[1]) >= len(arguments):
            raise ExpressionError(f"format: there is no argument {match[1]}")
        return to_text(arguments[int(match[1])])

    return re.sub(r"\{\{|\}\}|\{(\d+)\}", replace, to_text(pattern))


def _join(separator: Value, items: Value) -> str:
    if not isinstance(items, list):
        return to_text(items)
    return to_text(separator).join("" if isinstance(item, (list, dict)) else to_text(item) for item in items)


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None and value != ""), None)


def _length(value: Value) -> int:
    return len(value) if isinstance(value, (list, dict)) else len(to_text(value))


STANDARD: dict[str, Function] = {
    "not": lambda value: not to_bool(value),
    "xor": lambda a, b: to_bool(a) != to_bool(b),
    "eq": equal,
    "ne": lambda a, b: not equal(a, b),
    "gt": lambda a, b: _compare(a, b) > 0,
    "ge": lambda a, b: _compare(a, b) >= 0,
    "lt": lambda a, b: _compare(a, b) < 0,
    "le": lambda a, b: _compare(a, b) <= 0,
    "in": lambda value, *others: any(equal(value, other) for other in others),
    "notIn": lambda value, *others: not any(equal(value, other) for other in others),
    "contains": _contains,
    "containsValue": _contains_value,
    "startsWith": lambda text, start: to_text(text).lower().startswith(to_text(start).lower()),
    "endsWith": lambda text, end: to_text(text).lower().endswith(to_text(end).lower()),
    "coalesce": _coalesce,
    "format": _format,
    "join": _join,
    "length": _length,
    "lower": lambda text: to_text(text).lower(),
    "upper": lambda text: to_text(text).upper(),
    "trim": lambda text: to_text(text).strip(),
    "replace": lambda text, old, new: to_text(text).replace(to_text(old), to_text(new)),
    "split": lambda text, separator: to_text(text).split(to_text(separator)),
    "convertToJson": lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    "iif": lambda condition, yes, no: yes if to_bool(condition) else no,
}

# `and` and `or` stop at the first argument that decides.
_LAZY: dict[str, Callable[[Scope, tuple[Expression, ...]], Value]] = {
    "and": lambda scope, arguments: all(to_bool(each.evaluate(scope)) for each in arguments),
    "or": lambda scope, arguments: any(to_bool(each.evaluate(scope)) for each in arguments),
}

# Reading

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*')
      | (?P<number>-?(?:0x[0-9A-Fa-f]+|\d+(?:\.\d+)?|\.\d+)(?![\w.]))
      | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<sign>[()\[\],.])
    )""",
    re.VERBOSE,
)


def parse(text: str) -> Expression:
    """The tree of one expression; ExpressionError says what was not understood."""
    reader = _Reader(text)
    tree = reader.expression()
    reader.expect("")
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise ExpressionError(f"Unexpected symbol: '{text[position:].strip()[:20]}' in expression '{text}'")
            self.tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            position = match.end()
        self.tokens.append(("end", ""))

    def take(self) -> tuple[str, str]:
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]

    def accept(self, sign: str) -> bool:
        if self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def expect(self, sign: str) -> None:
        kind, found = self.tokens[0]
        if (kind, found) not in (("sign", sign), ("end", sign)):
            wanted = f"'{sign}'" if sign else "the end"
            raise ExpressionError(f"Expected {wanted} but found '{found or 'the end'}' in expression '{self.text}'")
        self.take()

    def expression(self) -> Expression:
        tree = self.primary()
        while True:
            if self.accept("."):
                kind, name = self.take()
                if kind != "name":
                    raise ExpressionError(f"Expected a name after '.' in expression '{self.text}'")
                tree = Member(tree, Literal(name))
            elif self.accept("["):
                tree = Member(tree, self.expression())
                self.expect("]")
            else:
                return tree

    def primary(self) -> Expression:
        kind, token = self.take()
        if kind == "string":
            return Literal(token[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(int(token, 16) if "0x" in token else float(token))
        if kind != "name":
            raise ExpressionError(f"Unexpected '{token or 'end'}' in expression '{self.text}'")
        if self.accept("("):
            return Call(token, self.arguments())
        constants: dict[str, Value] = {"true": True, "false": False, "null": None}
        return Literal(constants[token.lower()]) if token.lower() in constants else Name(token)

    def arguments(self) -> tuple[Expression, ...]:
        if self.accept(")"):
            return ()
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        self.expect(")")
        return tuple(found)
