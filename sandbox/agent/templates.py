"""What happens to the YAML before anything runs: `${{ }}`, if / each / insert, and templates included by path.

Everything here takes nodes and gives nodes; nothing is left of `${{ }}` afterwards. Variables that an expression sees
are those written in the YAML above the place (pipeline, then stage, then job), as in the real service; groups are not
among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.agent import document, expressions
from sandbox.agent.document import Mapping, Node, Place, Scalar, Sequence, fail, to_value
from sandbox.agent.errors import PipelineError
from sandbox.agent.expressions import Scope, Value
from sandbox.agent.parameters import bind, declared

_EXPRESSION = re.compile(r"\$\{\{((?:'(?:[^']|'')*'|[^'])*?)\}\}", re.DOTALL)
_INCLUDING = ("steps", "jobs", "stages", "variables")
_EACH = re.compile(r"each\s+([A-Za-z_]\w*)\s+in\s+(.+)", re.DOTALL)


@dataclass(frozen=True)
class Context:
    """Where expansion stands. folder: of the file; root: the repository; section: the key of the list."""

    scope: Scope
    folder: Path
    root: Path
    section: str = ""

    def knowing(self, **names: Value) -> Context:
        return replace(self, scope=Scope({**self.scope.names, **names}, self.scope.functions))


def expand(path: Path, *, root: Path, parameters: Map[str, str], variables: Map[str, str]) -> Mapping:
    """The pipeline in a file with all templating done.

    parameters: values given by the person who starts the run; variables: what `${{ variables }}` sees from outside.
    """
    document_root = document.read(path)
    if not isinstance(document_root, Mapping):
        fail(document_root, "a pipeline must be a mapping")
    given = {
        name: document.parse(text, f"parameter {name}") if text else Scalar("", Place(name, 1))
        for name, text in parameters.items()
    }
    values = bind(declared(document_root), {name: to_value(node) for name, node in given.items()}, document_root)
    context = Context(Scope({"parameters": values, "variables": dict(variables)}), path.parent, root)
    body = _expand(document_root.without("parameters"), context)
    assert isinstance(body, Mapping)
    extends = body.get("extends")
    if extends is None:
        return body
    if not isinstance(extends, Mapping):
        fail(extends, "extends must be a mapping with `template` and `parameters`")
    content = _include(extends, context)
    if not isinstance(content, Mapping):
        fail(extends, "the template does not hold a pipeline")
    return Mapping((*body.without("extends").entries, *content.entries), body.place)


# Expansion


def _expand(node: Node, context: Context) -> Node:
    if isinstance(node, Scalar):
        return _expand_scalar(node, context)
    if isinstance(node, Sequence):
        return Sequence(tuple(_expand_items(node.items, context)), node.place)
    return _expand_mapping(node, context)


def _expand_scalar(node: Scalar, context: Context) -> Node:
    match = _EXPRESSION.fullmatch(node.text.strip())
    if match is not None:
        return _to_node(_evaluate(match[1], context, node), node.place)

    def text(match: re.Match[str]) -> str:
        try:
            return expressions.to_text(_evaluate(match[1], context, node))
        except expressions.ExpressionError as error:
            fail(node, str(error))

    return Scalar(_EXPRESSION.sub(text, node.text), node.place)


def _expand_mapping(node: Mapping, context: Context) -> Mapping:
    variables = node.get("variables")
    if isinstance(variables, (Mapping, Sequence)):
        expanded = _expand(variables, replace(context, section="variables"))
        seen = {**context.scope.names.get("variables", {}), **static_variables(expanded)}
        context = context.knowing(variables=seen)
    entries: list[tuple[Scalar, Node]] = []
    for (key, value), taken in _branches(node.entries, context):
        directive = _directive(key)
        if directive is None:
            name = _expand_scalar(key, context)
            if not isinstance(name, Scalar):
                fail(key, "a key must be text")
            entries.append(
                (name, expanded if value is variables else _expand(value, replace(context, section=name.text)))
            )
            continue
        for inner in taken:
            content = _expand(value, inner)
            if isinstance(content, Mapping):
                entries.extend(content.entries)
            elif not (isinstance(content, Scalar) and not content.text):
                fail(value, f"'{key.text}' in a mapping must hold a mapping")
    return Mapping(tuple(entries), node.place)


def _expand_items(items: tuple[Node, ...], context: Context) -> Iterator[Node]:
    flat = [entry for item in items for entry in _as_entries(item)]
    for (key, value), taken in _branches(flat, context):
        if key.text != "" and _directive(key) is not None:
            for inner in taken:
                content = _expand(value, inner)
                if isinstance(content, Sequence):
                    yield from content.items
                elif not (isinstance(content, Scalar) and not content.text):
                    yield content
        elif context.section in _INCLUDING and isinstance(value, Mapping) and value.get("template") is not None:
            expanded = _expand(value, context)
            assert isinstance(expanded, Mapping)
            yield from _included_items(expanded, context)
        else:
            content = _expand(value, replace(context, section=""))
            whole = isinstance(value, Scalar) and isinstance(content, Sequence)
            yield from content.items if whole and isinstance(content, Sequence) else (content,)


def _as_entries(item: Node) -> list[tuple[Scalar, Node]]:
    """A list's item that is only directives (`- ${{ if … }}:`) as these, any other under an empty key."""
    if isinstance(item, Mapping) and item.entries and all(_directive(key) is not None for key, _ in item.entries):
        return list(item.entries)
    return [(Scalar("", item.place), item)]


def _branches(
    entries: tuple[tuple[Scalar, Node], ...] | list[tuple[Scalar, Node]], context: Context
) -> Iterator[tuple[tuple[Scalar, Node], list[Context]]]:
    """Every entry with the contexts in which its content counts: none for a false `if`, one an element for `each`."""
    decided: bool | None = None  # whether an `if` of the chain we are in was true; None: not in a chain
    for entry in entries:
        key = entry[0]
        directive = _directive(key)
        if directive is None or directive.startswith("insert"):
            decided = None
            yield entry, [context]
            continue
        word = directive.split(None, 1)[0].split("(", 1)[0]
        if word == "if":
            decided = expressions.to_bool(_evaluate(directive[2:], context, key))
            yield entry, [context] if decided else []
        elif word in ("elseif", "else"):
            if decided is None:
                fail(key, f"'{word}' without an 'if' before it")
            holds = not decided and (word == "else" or expressions.to_bool(_evaluate(directive[6:], context, key)))
            decided = decided or holds
            yield entry, [context] if holds else []
        else:
            decided = None
            yield entry, list(_each(directive, key, context))


def _each(directive: str, key: Scalar, context: Context) -> Iterator[Context]:
    match = _EACH.fullmatch(directive)
    if match is None:
        fail(key, "expected ${{ each name in expression }}")
    items = _evaluate(match[2], context, key)
    if isinstance(items, dict):
        items = [{"key": name, "value": value} for name, value in items.items()]
    if not isinstance(items, list):
        fail(key, "each needs a list or a mapping")
    for item in items:
        yield context.knowing(**{match[1]: item})


def _directive(key: Scalar) -> str | None:
    match = _EXPRESSION.fullmatch(key.text.strip())
    inside = match[1].strip() if match else ""
    return inside if re.match(r"(if|elseif|else|each|insert)\b", inside) else None


def _evaluate(text: str, context: Context, node: Node) -> Value:
    try:
        return expressions.parse(text.strip()).evaluate(context.scope)
    except expressions.ExpressionError as error:
        fail(node, str(error))


# Templates


def _included_items(reference: Mapping, context: Context) -> tuple[Node, ...]:
    content = _include(reference, context)
    found = content.get(context.section)
    if isinstance(found, Mapping) and context.section == "variables":
        name, value = "name", "value"
        return tuple(
            Mapping(((Scalar(name, key.place), key), (Scalar(value, key.place), node)), key.place)
            for key, node in found.entries
        )
    if not isinstance(found, Sequence):
        fail(reference, f"the template has no list of {context.section}")
    return found.items


def _include(reference: Mapping, context: Context) -> Mapping:
    for key, _ in reference.entries:
        if key.text not in ("template", "parameters"):
            fail(key, f"Unexpected value '{key.text}' beside 'template'")
    target, given = reference.get("template"), reference.get("parameters")
    if not isinstance(target, Scalar) or not target.text:
        fail(reference, "template needs a path")
    if "@" in target.text and not target.text.endswith("@self"):
        fail(target, f"templates of other repositories are not supported by the sandbox: '{target.text}'")
    name = target.text.removesuffix("@self")
    path = context.root / name.lstrip("/") if name.startswith("/") else context.folder / name
    if not path.is_file():
        fail(target, f"template file not found: {path}")
    root = document.read(path)
    if not isinstance(root, Mapping):
        fail(root, "a template must be a mapping")
    arguments = to_value(given) if given is not None else {}
    if not isinstance(arguments, dict):
        fail(reference, "a template's parameters must be a mapping")
    try:
        values = bind(declared(root), arguments, root)
    except PipelineError as error:
        raise PipelineError(f"{reference.place}: {error}") from error
    inner = Context(Scope({**context.scope.names, "parameters": values}), path.parent, context.root)
    content = _expand(root.without("parameters"), inner)
    assert isinstance(content, Mapping)
    return content


def static_variables(node: Node) -> dict[str, str]:
    """name → value of the variables written out in a `variables` node (mapping or list form)."""
    if isinstance(node, Mapping):
        return {key.text: value.text for key, value in node.entries if isinstance(value, Scalar)}
    found: dict[str, str] = {}
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Mapping):
            name, value = item.get("name"), item.get("value")
            if isinstance(name, Scalar) and isinstance(value, Scalar):
                found[name.text] = value.text
    return found


def _to_node(value: Value, place: Place) -> Node:
    if isinstance(value, dict):
        return Mapping(tuple((Scalar(key, place), _to_node(item, place)) for key, item in value.items()), place)
    if isinstance(value, list):
        return Sequence(tuple(_to_node(item, place) for item in value), place)
    return Scalar(expressions.to_text(value), place)
