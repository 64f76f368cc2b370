"""YAML as YAML 1.2 and JSON have it, with the line of every value; what could be read in two ways is refused.

`yes`, `on` and `12:30` are text, `1e3` is a number. Dates, NaN, `(1, 2)`, `010`, `1_000`, `None`, tags such as !!set
and duplicate names get an answer that says how to write them: nothing becomes text, or another number, unnoticed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import yaml

from amltasks.errors import UserError
from amltasks.notebooks.strict_json import MAX_DEPTH, MAX_DIGITS
from amltasks.quoting import quoted

Path: TypeAlias = tuple[str | int, ...]
"""Where a value is: names and 0-based positions from the top."""

MAX_VALUES = 100_000  # aliases count as often as they are used: ten lines can stand for a billion values

_PLAIN = "!plain"
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_REFUSED = (
    (re.compile(r"[-+]?\.?(?:inf|infinity|nan)", re.IGNORECASE), "is no JSON value (leave it out or write null)"),
    (re.compile(r"\d{4}-\d\d?-\d\d?(?:[Tt ].*)?"), "is a date, which JSON does not have"),
    (re.compile(r"\([^()]*\)?"), "looks like a tuple (write [1, 2] for a list)"),
    (re.compile(r"""b(?P<quote>['"]).*(?P=quote)"""), "looks like bytes, which JSON does not have"),
    (re.compile(r"None"), "is not null (write null)"),
    (re.compile(r"[-+]?0[0-9_]+"), "is octal to some and decimal to others (write it without the leading 0)"),
    (re.compile(r"[-+]?[0-9]+(?:_[0-9]+)+(?:\.[0-9_]*)?"), "is a number to Python only (write it without _)"),
)


class _Loader(yaml.SafeLoader):
    """Tells plain scalars from quoted ones, and leaves it to this module what they mean."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else "tag:yaml.org,2002:str"
        return "tag:yaml.org,2002:seq" if kind is yaml.SequenceNode else "tag:yaml.org,2002:map"


def load_yaml(text: str, name: str) -> Any:
    """The JSON-like value in the text; None where it is empty. name: what it was given for, named in errors."""
    return load_yaml_with_lines(text, name)[0]


def load_yaml_with_lines(text: str, name: str) -> tuple[Any, Mapping[Path, int]]:
    """The value and the 1-based line on which each part of it begins. Raises UserError, naming the line."""
    try:
        document = yaml.compose(text, Loader=_Loader)
        if document is None:
            return None, {(): 1}
        reading = _Reading(name)
        return reading.value(document, ()), reading.lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + 1}:" if mark else ""
        problem = (error.problem or error.context or "cannot be read").replace("'\\t'", "tab")
        raise UserError(f"{name}:{line} not valid YAML: {problem}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{name}: not valid YAML: {quoted(str(error).splitlines()[0])}.") from None
    except RecursionError:
        raise UserError(f"{name}: nests deeper than {MAX_DEPTH} levels.") from None


class _Reading:
    """One document on its way from nodes to values."""

    def __init__(self, name: str) -> None:
        self.lines: dict[Path, int] = {}
        self._name = name
        self._count = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise self._refusal(node, f"more than {MAX_VALUES:,} values")
        if len(path) > MAX_DEPTH:
            raise self._refusal(node, f"nests deeper than {MAX_DEPTH} levels")
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag == _PLAIN:
            return self._plain(node)
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
            return self._text(node)
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise self._refusal(
            node,
            f"the tag {quoted(tag)} is not understood: only text, numbers, true, false, null, lists and mappings are",
        )

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = self.value(name_node, path)
            if not isinstance(name, str):
                written = getattr(name_node, "value", "")
                shown = quoted(written) if isinstance(written, str) else "a list or mapping"
                raise self._refusal(name_node, f"the name {shown} is not text: write it in quotation marks")
            if name in members:
                raise self._refusal(name_node, f"{quoted(name)} is given twice")
            place = (*path, name)
            members[name] = self.value(value_node, place)
            self.lines[place] = name_node.start_mark.line + 1
        return members

    def _plain(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if _NULL.fullmatch(text):
            return None
        if _BOOLEAN.fullmatch(text):
            return text.lower() == "true"
        if len(text) > MAX_DIGITS and text[1:].isdigit():
            raise self._refusal(node, f"a number of more than {MAX_DIGITS:,} digits")
        if _INTEGER.fullmatch(text):
            return int(text, 0)
        for refused, why in _REFUSED:
            if refused.fullmatch(text):
                raise self._refusal(node, f"{quoted(text)} {why}; quote it to pass it as text")
        if _FLOAT.fullmatch(text):
            number = float(text)
            if math.isinf(number):
                raise self._refusal(node, f"the number {quoted(text)} is too large")
            return number
        return self._text(node)

    def _text(self, node: yaml.ScalarNode) -> str:
        text: str = node.value
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise self._refusal(node, f"{quoted(text)} holds half a character") from None
        return text

    def _refusal(self, node: yaml.Node, why: str) -> UserError:
        return UserError(f"{self._name}: line {node.start_mark.line + 1}: {why}.")
