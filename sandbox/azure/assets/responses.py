"""Answers about assets, the same for all kinds but for what is checked."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sandbox.azure.assets import errors
from sandbox.azure.assets.models import ContainerBody, PendingUpload, UriRequest
from sandbox.azure.assets.state import CODE, ENVIRONMENT, NAME, Kind, checked_environment
from sandbox.azure.datastores.state import account_of
from sandbox.azure.machine_learning import not_found
from sandbox.azure.paging import page
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer

_UPLOAD_SECONDS = 4 * 3600


def list_containers(kind: Kind) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        found = call.azure.assets.containers(workspace_of(call), kind)
        return page(call, [each.body for each in _viewed(call, found)])

    return answer


def get_container(kind: Kind) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        found = call.azure.assets.container(workspace_of(call), kind, call.values["name"])
        if found is None:
            raise not_found(kind.noun, call.values["name"])
        return reply(found.body)

    return answer


def put_container(kind: Kind) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        workspace, name = workspace_of(call), _name(call, kind, "name")
        asked: ContainerBody = call.json(ContainerBody)
        known = call.azure.assets.container(workspace, kind, name)
        made = call.azure.assets.put_container(workspace, kind, name, asked.properties.json_form(), call.caller_id)
        return reply(made.body, 200 if known else 201)

    return answer


def list_versions(kind: Kind) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        workspace, name = workspace_of(call), call.values["name"]
        if kind is CODE and "hash" in call.query:
            return page(call, [each.body for each in call.azure.assets.code_with(workspace, call.query["hash"])])
        if call.azure.assets.container(workspace, kind, name) is None:
            raise not_found(kind.noun, name)
        found = _viewed(call, call.azure.assets.versions(workspace, kind, name))
        for key, wanted in (("stage", call.query.get("stage")), ("version", call.query.get("version"))):
            if wanted:
                found = [each for each in found if (each.properties.get(key) or each.name) == wanted]
        oldest_first = call.query.get("$orderby", "").lower() in ("createdtime asc", "createdtime")
        return page(call, [each.body for each in (found if oldest_first else reversed(found))])

    return answer


def get_version(kind: Kind) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        name, version = call.values["name"], call.values["version"]
        found = call.azure.assets.version(workspace_of(call), kind, name, version)
        if found is None:
            raise not_found(kind.noun, f"{name}:{version}")
        return reply(found.body)

    return answer


def put_version(kind: Kind, model: Any) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        workspace = workspace_of(call)
        name, version = _name(call, kind, "name"), _name(call, kind, "version")
        properties = call.json(model).properties.json_form()
        if kind is ENVIRONMENT:
            properties = checked_environment(properties)
        known = call.azure.assets.version(workspace, kind, name, version)
        made = call.azure.assets.put(workspace, kind, name, version, properties, call.caller_id)
        return reply(made.body, 200 if known else 201)

    return answer


def start_upload(call: Call) -> Answer:
    """A container of its own for what is uploaded, with a signature for it."""
    workspace = workspace_of(call)
    asked: PendingUpload = call.json(PendingUpload)
    account, container = account_of(workspace), str(uuid.uuid4())
    call.azure.storage.create_container(account, container)
    address = call.azure.storage.signed(account, container, "", "racwl", _UPLOAD_SECONDS)
    return reply(
        {
            "pendingUploadId": asked.pending_upload_id or str(uuid.uuid4()),
            "pendingUploadType": asked.pending_upload_type,
            "blobReferenceForConsumption": {
                "blobUri": call.azure.storage.address(account, container),
                "storageAccountArmId": workspace.properties["storageAccount"],
                "credential": {"credentialType": "SAS", "sasUri": address},
            },
        }
    )


def resolve_uris(call: Call) -> Answer:
    """Where data assets are, by their ids; in the data plane."""
    workspace = workspace_of(call)
    asked: UriRequest = call.json(UriRequest)
    found = {each: call.azure.assets.by_asset_id(workspace, each) for each in asked.values}
    for name, resource in found.items():
        if resource is None:
            raise call.error(404, "NotFound", f"The data asset {name} was not found.")
    return reply(
        {
            "values": {
                name: {"uri": each.properties["dataUri"], "type": each.properties["dataType"]}
                for name, each in found.items()
                if each is not None
            }
        }
    )


def _name(call: Call, kind: Kind, which: str) -> str:
    if not NAME.fullmatch(call.values[which]):
        raise errors.bad_name(kind.word, call.values[which])
    return call.values[which]


def _viewed(call: Call, found: list[Resource]) -> list[Resource]:
    """By listViewType: those that are archived, those that are not, or all."""
    view = call.query.get("listviewtype", "ActiveOnly").lower()
    if view == "all":
        return found
    return [each for each in found if bool(each.properties.get("isArchived")) == (view == "archivedonly")]
