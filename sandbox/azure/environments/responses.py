"""Answers about definitions of environments."""

from __future__ import annotations

from typing import Any

from sandbox.azure.assets.state import ENVIRONMENT
from sandbox.azure.environments import errors
from sandbox.azure.environments.models import Definition
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer


def put_environment(call: Call) -> Answer:
    """200, of one that is new too: the SDK takes no other answer."""
    workspace, name = workspace_of(call), call.values["name"]
    asked: Definition = call.json(Definition)
    if asked.name is not None and asked.name != name:
        raise errors.other_name(asked.name, name)
    made = call.azure.environments.register(workspace, name, call.values.get("version"), asked, call.caller_id)
    return reply(_body(call, workspace, made))


def get_environment(call: Call) -> Answer:
    workspace, name, version = workspace_of(call), call.values["name"], call.values.get("version")
    found = call.azure.environments.find(workspace, name, version)
    if found is None:
        raise errors.not_found(name if version is None else f"{name}:{version}")
    return reply(_body(call, workspace, found))


def list_environments(call: Call) -> Answer:
    """The latest version of each, but for those that are archived."""
    workspace = workspace_of(call)
    names = [each.name for each in call.azure.assets.containers(workspace, ENVIRONMENT)]
    found = [call.azure.environments.find(workspace, name) for name in names]
    bodies = [_body(call, workspace, each) for each in found if each and not each.properties.get("isArchived")]
    return reply({"value": bodies, "continuationToken": None})


def _body(call: Call, workspace: Resource, environment: Resource) -> dict[str, Any]:
    *_, name, _, version = environment.id.split("/")
    scope = f"azureml://locations/{call.azure.location}/workspaces/{workspace.properties['workspaceId']}"
    told = call.azure.environments.definition(environment).model_dump(mode="json", by_alias=True)
    return {**told, "name": name, "version": version, "assetId": f"{scope}/environments/{name}/versions/{version}"}
