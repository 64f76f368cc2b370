"""Answers about workspaces."""

from __future__ import annotations

from sandbox.azure.arm import errors
from sandbox.azure.paging import page
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.state import TYPE
from sandbox.wire import Answer


def workspace_of(call: Call) -> Resource:
    """The workspace that the path names; refused where there is none. For all services that are in one."""
    group, name = call.values["group"], call.values["workspace"]
    if call.azure.resources.get(call.azure.subscription.group(group)) is None:
        raise errors.group_not_found(group)
    found = call.azure.workspaces.find(group, name)
    if found is None:
        raise errors.resource_not_found(TYPE, name, group)
    return found


def get_workspace(call: Call) -> Answer:
    return reply(workspace_of(call).body)


def list_workspaces(call: Call) -> Answer:
    return page(call, [each.body for each in call.azure.workspaces.all(call.values.get("group"))])


def discover(call: Call) -> Answer:
    """Where a workspace's data plane is."""
    host = f"https://{call.azure.location}.api.azureml.ms"
    names = ("api", "experimentation", "history", "hyperdrive", "labeling", "modelmanagement", "pipelines")
    return reply({**dict.fromkeys(names, host), "studio": "https://ml.azure.com"})
