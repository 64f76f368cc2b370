"""Whether a JSON value fits a Python annotation, or stands in for a default of the parameters cell."""

from __future__ import annotations

import ast
from enum import Enum
from typing import Any


class Fit(Enum):
    YES = "yes"
    NO = "no"
    WIDENED = "widened"  # a fraction where the default is a whole number
    UNKNOWN = "unknown"  # nothing that is understood was said


_LISTS = {
    "list",
    "List",
    "Sequence",
    "Iterable",
    "Collection",
    "tuple",
    "Tuple",
    "set",
    "Set",
    "frozenset",
    "FrozenSet",
}
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping"}


def fit_type(value: Any, annotation: ast.expr) -> Fit:
    """Against an annotation: int for float fits, nothing else is converted; unions and items are looked into."""
    if isinstance(annotation, ast.Constant):
        if annotation.value is None:
            return _yes(value is None)
        quoted_type = type_from_text(annotation.value) if isinstance(annotation.value, str) else None
        return fit_type(value, quoted_type) if quoted_type else Fit.UNKNOWN
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _any_of(value, [annotation.left, annotation.right])
    if isinstance(annotation, ast.Subscript):
        return _fit_subscript(value, _name(annotation.value), _arguments(annotation.slice))
    return _fit_name(value, _name(annotation))


def fit_default(value: Any, default: ast.expr) -> Fit:
    """Against a default value: of its kind, a number for a number; null fits, as a default says nothing about it."""
    try:
        known = ast.literal_eval(default)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return Fit.UNKNOWN
    if known is None:
        return Fit.UNKNOWN
    if value is None:
        return Fit.YES
    if isinstance(known, int) and not isinstance(known, bool) and isinstance(value, float):
        return Fit.WIDENED
    return _fit_name(value, type(known).__name__)


def type_from_text(text: str) -> ast.expr | None:
    """The annotation that a text spells, None where it spells none."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _fit_name(value: Any, name: str) -> Fit:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name in ("float", "complex"):
        return _yes(number)
    if name == "int":
        return _yes(number and isinstance(value, int))
    if name in ("str", "bool"):
        return _yes(type(value).__name__ == name)
    if name in _LISTS:
        return _yes(isinstance(value, list))
    if name in _MAPPINGS:
        return _yes(isinstance(value, dict))
    if name == "NoneType":
        return _yes(value is None)
    return Fit.NO if name == "bytes" else Fit.UNKNOWN


def _fit_subscript(value: Any, name: str, arguments: list[ast.expr]) -> Fit:
    if name == "Optional":
        return Fit.YES if value is None else _any_of(value, arguments)
    if name == "Union":
        return _any_of(value, arguments)
    if name == "Literal":
        return _yes(any(isinstance(item, ast.Constant) and _same(item.value, value) for item in arguments))
    if name in ("Annotated", "Final"):
        return fit_type(value, arguments[0])
    outer = _fit_name(value, name)
    if outer is not Fit.YES or name in ("tuple", "Tuple"):
        return outer
    items = value.values() if isinstance(value, dict) else value
    return Fit.NO if any(fit_type(item, arguments[-1]) is Fit.NO for item in items) else Fit.YES


def _any_of(value: Any, annotations: list[ast.expr]) -> Fit:
    fits = {fit_type(value, annotation) for annotation in annotations}
    return Fit.YES if Fit.YES in fits else Fit.UNKNOWN if Fit.UNKNOWN in fits else Fit.NO


def _arguments(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) and node.elts else [node]


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _yes(fits: bool) -> Fit:
    return Fit.YES if fits else Fit.NO
