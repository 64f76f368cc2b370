"""Answers about pipelines: a definition is whatever a build was made of."""

from __future__ import annotations

from typing import Any

from sandbox.devops.build import errors
from sandbox.devops.build.documents import Definition
from sandbox.devops.build.responses import definition_reference, repository_reference
from sandbox.devops.enumerations import DEFINITION_ORDER, chosen
from sandbox.devops.git import objects
from sandbox.wire import Answer, Call, collection


def list_definitions(call: Call) -> Answer:
    """By name, which may end in `*`, or by ids; as they were made, unless they are wanted by name."""
    name, ids = call.query.get("name", "").lower(), call.names("definitionIds")
    order = (chosen(call, "queryOrder", DEFINITION_ORDER) or ["none"])[0]
    found = [
        each
        for each in call.world.builds.definitions()
        if (not ids or str(each.id) in ids)
        and (not name or each.name.lower() == name or (name[-1] == "*" and each.name.lower().startswith(name[:-1])))
    ]
    if order.startswith("definitionName"):
        found.sort(key=lambda each: each.name.lower(), reverse="Desc" in order)
    found = found[: call.number("$top", len(found))]
    return Answer(collection([definition_reference(call, each.id, each.name) for each in found]))


def get_definition(call: Call) -> Answer:
    number = call.id("definitionId")
    for each in call.world.builds.definitions():
        if each.id == number:
            return Answer(definition_reference(call, each.id, each.name) | {"repository": _repository(call, each)})
    raise errors.definition_not_found(number)


def _repository(call: Call, definition: Definition) -> dict[str, Any]:
    """That of its latest build, with the branch that is its default where the repository is served."""
    latest = max(
        (each for each in call.world.builds.all() if each.definition_id == definition.id), key=lambda each: each.id
    )
    body = repository_reference(call, latest.repository)
    known = next((each for each in call.world.git.all() if each.name == latest.repository), None)
    return body if known is None else body | {"defaultBranch": objects.default_branch(known)}
