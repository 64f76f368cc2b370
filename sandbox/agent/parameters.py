"""Parameters of pipelines and templates: declared with types and defaults, bound to the values that are given."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass

from sandbox.agent import expressions
from sandbox.agent.document import Mapping, Node, Scalar, Sequence, fail, to_value
from sandbox.agent.expressions import Value

_TYPES = ("string", "number", "boolean", "object", "step", "stepList", "job", "jobList", "stage", "stageList")


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str
    default: Value
    required: bool
    allowed: tuple[str, ...]
    node: Node


def declared(root: Mapping) -> tuple[Parameter, ...]:
    """The parameters that a pipeline or template declares, in list or mapping form."""
    node = root.get("parameters")
    if node is None:
        return ()
    if isinstance(node, Mapping):
        return tuple(Parameter(key.text, "object", to_value(value), False, (), key) for key, value in node.entries)
    if not isinstance(node, Sequence):
        fail(node, "parameters must be a list")
    return tuple(_parameter(item) for item in node.items)


def _parameter(node: Node) -> Parameter:
    if not isinstance(node, Mapping):
        fail(node, "a parameter must be a mapping with `name`")
    for key, _ in node.entries:
        if key.text not in ("name", "displayName", "type", "default", "values"):
            fail(key, f"Unexpected value '{key.text}' in a parameter")
    name, kind, default, allowed = (node.get(key) for key in ("name", "type", "default", "values"))
    if not isinstance(name, Scalar):
        fail(node, "a parameter needs a name")
    type_name = kind.text if isinstance(kind, Scalar) else "string"
    if type_name not in _TYPES:
        fail(node, f"'{type_name}' is not a type of parameters; there are {', '.join(_TYPES)}")
    choices = (
        tuple(item.text for item in allowed.items if isinstance(item, Scalar)) if isinstance(allowed, Sequence) else ()
    )
    value = None if default is None else _typed(to_value(default), type_name, name.text, default)
    return Parameter(name.text, type_name, value, default is None, choices, node)


def bind(parameters: tuple[Parameter, ...], given: Map[str, Value], node: Node) -> dict[str, Value]:
    known = {parameter.name.lower() for parameter in parameters}
    for name in given:
        if name.lower() not in known:
            there_are = ", ".join(parameter.name for parameter in parameters) or "none"
            fail(node, f"Unexpected parameter '{name}'; declared: {there_are}")
    values: dict[str, Value] = {}
    for parameter in parameters:
        found = [value for name, value in given.items() if name.lower() == parameter.name.lower()]
        if not found and parameter.required:
            fail(parameter.node, f"A value for the '{parameter.name}' parameter must be provided.")
        value = _typed(found[0], parameter.type, parameter.name, parameter.node) if found else parameter.default
        if parameter.allowed and expressions.to_text(value) not in parameter.allowed:
            fail(
                parameter.node,
                f"The '{parameter.name}' parameter value '{value}' is not one of {', '.join(parameter.allowed)}",
            )
        values[parameter.name] = value
    return values


def _typed(value: Value, type_name: str, name: str, node: Node) -> Value:
    if type_name == "boolean":
        if str(value).lower() not in ("true", "false"):
            fail(node, f"The '{name}' parameter value '{value}' is not a valid Boolean")
        return str(value).lower() == "true"
    if type_name == "number":
        number = expressions.to_number(value) if isinstance(value, str) and value else None
        if number is None:
            fail(node, f"The '{name}' parameter value '{value}' is not a valid Number")
        return number
    if type_name == "string" and not isinstance(value, str):
        fail(node, f"The '{name}' parameter is not a valid String")
    return value
