"""Answers about secrets."""

from __future__ import annotations

import re
from typing import Any

from sandbox.azure.credentials import errors
from sandbox.azure.credentials.models import NameBatch, SecretBatch, SecretBody
from sandbox.azure.credentials.state import Secret
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer, format_time

_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")


def put_secret(call: Call) -> Answer:
    return reply(_body(_put(call, workspace_of(call), call.json(SecretBody))))


def put_secrets(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: SecretBatch = call.json(SecretBatch)
    return reply({"secrets": [_body(_put(call, workspace, each)) for each in asked.secrets]})


def get_secret(call: Call) -> Answer:
    return reply(_body(_found(call)))


def get_secrets(call: Call) -> Answer:
    """Those that there are, and the names of those that there are not."""
    workspace = workspace_of(call)
    asked: NameBatch = call.json(NameBatch)
    found = {each.name: call.azure.credentials.get(workspace, each.name) for each in asked.secrets}
    return reply(
        {
            "secrets": [_body(each) for each in found.values() if each],
            "notFoundSecrets": [name for name, each in found.items() if each is None],
        }
    )


def list_secrets(call: Call) -> Answer:
    """Their names."""
    names = [{"name": each.name} for each in call.azure.credentials.all(workspace_of(call))]
    return reply({"value": names, "continuationToken": None})


def delete_secret(call: Call) -> Answer:
    call.azure.credentials.delete(workspace_of(call), _found(call).name)
    return reply()


def _put(call: Call, workspace: Resource, asked: SecretBody) -> Secret:
    if not _NAME.fullmatch(asked.name):
        raise errors.bad_name(asked.name)
    return call.azure.credentials.put(workspace, asked.name, asked.value, asked.content_type)


def _found(call: Call) -> Secret:
    found = call.azure.credentials.get(workspace_of(call), call.values["secret"])
    if found is None:
        raise errors.not_found(call.values["secret"])
    return found


def _body(secret: Secret) -> dict[str, Any]:
    return {
        "name": secret.name,
        "value": secret.value,
        "createdTime": format_time(secret.created),
        "modifiedTime": format_time(secret.modified),
        "contentType": secret.content_type,
    }
