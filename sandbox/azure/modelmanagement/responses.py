"""Answers of model management."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.azure.assets.state import NAME
from sandbox.azure.modelmanagement import errors
from sandbox.azure.modelmanagement.models import AssetBody, Change, ModelBody, Registration
from sandbox.azure.modelmanagement.state import Asset, name_of
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer, format_time, without_null

_PAGE = 100
# Of a change: what of the asset it is about; the others are about the registration.
_TOLD = {"/kvTags": "tags", "/properties": "properties", "/description": "description"}


def create_asset(call: Call) -> Answer:
    return reply(_asset(call.azure.models.add_asset(workspace_of(call), call.json(AssetBody))))


def get_asset(call: Call) -> Answer:
    found = call.azure.models.asset(workspace_of(call), call.values["asset"])
    if found is None:
        raise errors.asset_not_found(call.values["asset"])
    return reply(_asset(found))


def register(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: ModelBody = call.json(ModelBody)
    if not NAME.fullmatch(asked.name):
        raise errors.bad_name(asked.name)
    return reply(model_body(call, workspace, call.azure.models.register(workspace, asked, call.caller_id)))


def get_model(call: Call) -> Answer:
    workspace = workspace_of(call)
    return reply(model_body(call, workspace, _found(call, workspace)))


def list_models(call: Call) -> Answer:
    """A page of those that are asked for, the newest first."""
    workspace = workspace_of(call)
    found = [each for each in call.azure.models.all(workspace) if _wanted(call, workspace, each)]
    if call.query.get("latestversiononly", "").lower() == "true":
        latest: dict[str, Resource] = {}
        for each in sorted(found, key=lambda each: int(each.name)):
            latest[name_of(each).partition(":")[0].lower()] = each
        found = [each for each in found if each in latest.values()]
    size, begin = call.number("count", _PAGE), call.number("$skipToken", 1) - 1
    more = None
    if begin + size < len(found):
        query = {**call.query, "$skipToken": str(begin + size + 1)}
        query.pop("$skiptoken", None)
        more = f"https://{call.host}{quote(call.path)}?{urlencode(query, safe='$')}"
    return reply(
        {"value": [model_body(call, workspace, each) for each in found[begin : begin + size]], "nextLink": more}
    )


def patch_model(call: Call) -> Answer:
    """Members as a whole; properties that are there stay as they are."""
    workspace = workspace_of(call)
    model = _found(call, workspace)
    asked: tuple[Change, ...] = call.json(tuple[Change, ...])
    told: dict[str, Any] = {}
    registered: dict[str, Any] = {}
    for each in asked:
        value = each.json_form()["value"]
        if each.path in _TOLD:
            told[_TOLD[each.path]] = value
        else:
            registered[each.path.removeprefix("/")] = value
    kept = model.properties["properties"]
    for name, text in told.get("properties", {}).items():
        if kept.get(name, text) != text:
            raise errors.property_is_kept(name)
    if "properties" in told:
        told["properties"] = {**kept, **told["properties"]}
    if "datasets" in registered:
        before = call.azure.models.registration(workspace, model).json_form()["datasets"]
        registered["datasets"] = [*before, *registered["datasets"]]
    return reply(
        model_body(call, workspace, call.azure.models.change(workspace, model, told, registered, call.caller_id))
    )


def delete_model(call: Call) -> Answer:
    workspace = workspace_of(call)
    call.azure.models.delete(workspace, _found(call, workspace))
    return reply()


def _found(call: Call, workspace: Resource) -> Resource:
    found = call.azure.models.find(workspace, call.values["model"])
    if found is None:
        raise errors.model_not_found(call.values["model"])
    return found


def _wanted(call: Call, workspace: Resource, model: Resource) -> bool:
    """By name, run, framework, dataset, tags and properties, whichever the query has."""
    told = model.properties
    registered = call.azure.models.registration(workspace, model)
    tests: dict[str, Callable[[str], bool]] = {
        "name": lambda text: name_of(model).partition(":")[0].lower() == text.lower(),
        "runid": lambda text: registered.run_id == text,
        "framework": lambda text: registered.framework == text,
        "datasetid": lambda text: any(each.id == text for each in registered.datasets),
        "tags": lambda text: _has(told["tags"], text),
        "properties": lambda text: _has(told["properties"], text),
    }
    return all(test(call.query[name]) for name, test in tests.items() if call.query.get(name))


def _has(pairs: dict[str, str], asked: str) -> bool:
    """asked: like `key=text,other`, of which all must be there."""
    for each in asked.split(","):
        name, given, text = each.partition("=")
        if name not in pairs or (given and pairs[name] != text):
            return False
    return True


def _asset(asset: Asset) -> dict[str, Any]:
    return {**asset.body.json_form(), "id": asset.id, "createdTime": format_time(asset.created)}


def model_body(call: Call, workspace: Resource, model: Resource) -> dict[str, Any]:
    told = model.properties
    registered: Registration = call.azure.models.registration(workspace, model)
    return without_null(
        {
            **registered.json_form(),
            "id": name_of(model),
            "name": name_of(model).partition(":")[0],
            "version": int(model.name),
            "description": told.get("description"),
            "kvTags": told["tags"],
            "properties": told["properties"],
            "createdTime": format_time(model.created),
            "modifiedTime": format_time(model.modified),
            "derivedModelIds": [],
            "createdBy": {"userObjectId": model.created_by, "userTenantId": call.azure.tenant},
        }
    )
