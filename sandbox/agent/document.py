"""YAML as Azure Pipelines reads it: scalars are text, every node knows its place, no anchors, no duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from sandbox.agent.errors import PipelineError


@dataclass(frozen=True)
class Place:
    """Where a node stands: lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Scalar:
    text: str
    place: Place


@dataclass(frozen=True)
class Sequence:
    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True)
class Mapping:
    entries: tuple[tuple[Scalar, Node], ...]
    place: Place

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.entries if name.text == key), None)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(name.text for name, _ in self.entries)

    def without(self, *keys: str) -> Mapping:
        return Mapping(tuple(entry for entry in self.entries if entry[0].text not in keys), self.place)


Node = Scalar | Sequence | Mapping


def read(path: Path) -> Node:
    """The document in a file; PipelineError where it is missing, not YAML, or uses what Azure Pipelines refuses."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path}: cannot be read: {error}") from error
    return parse(text, path.name)


def parse(text: str, file: str) -> Node:
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if getattr(event, "anchor", None):
                place = Place(file, event.start_mark.line + 1 if event.start_mark else 1)
                raise PipelineError(f"{place}: anchors and aliases are not supported by Azure Pipelines")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1 if mark else 1)
        raise PipelineError(f"{place}: not valid YAML: {getattr(error, 'problem', None) or error}") from error
    if root is None:
        raise PipelineError(f"{Place(file, 1)}: the file is empty")
    return _convert(root, file)


def fail(node: Node, message: str) -> NoReturn:
    raise PipelineError(f"{node.place}: {message}")


def to_value(node: Node) -> Any:
    """The node as texts, lists and dictionaries."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [to_value(item) for item in node.items]
    return {key.text: to_value(value) for key, value in node.entries}


def _convert(node: yaml.Node, file: str) -> Node:
    place = Place(file, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        is_null = node.tag == "tag:yaml.org,2002:null" and node.style is None
        return Scalar("" if is_null else node.value, place)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_convert(item, file) for item in node.value), place)
    entries: list[tuple[Scalar, Node]] = []
    for key_node, value_node in node.value:
        key = _convert(key_node, file)
        if not isinstance(key, Scalar):
            fail(key, "a mapping's key must be plain text")
        if not key.text.startswith("${{") and any(name.text == key.text for name, _ in entries):
            fail(key, f"'{key.text}' is already defined")
        entries.append((key, _convert(value_node, file)))
    return Mapping(tuple(entries), place)
