"""Answers about services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.azure.arm.errors import forbidden
from sandbox.azure.computes.aks import REGIONS
from sandbox.azure.modelmanagement.errors import ModelError
from sandbox.azure.resources import Resource
from sandbox.azure.services import errors, room, settings
from sandbox.azure.services.bodies import service_body
from sandbox.azure.services.containers import models_of
from sandbox.azure.services.models import AciService, AnyService, Change, ImageRequest, NewKey, Validation
from sandbox.azure.services.operations import Operation
from sandbox.azure.services.scoring import token_audience
from sandbox.azure.services.settings import Asked
from sandbox.azure.services.state import Service
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.azure.workspaces.state import TYPE
from sandbox.proxy import proxy_environment
from sandbox.wire import Answer

_PATIENCE = 40.0  # seconds that a client waits for what an operation has to tell; it would look every five
_PAGE = 100
_TOKEN_SECONDS, _REFRESH_SECONDS = 24 * 3600, 12 * 3600
_SECRETS = ("/sslKey", "/sslCertificate")
_INDEX = {"Primary": 0, "Secondary": 1}


def create_service(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked = settings.settled(call.json(AnyService))
    _allow(call, asked.compute_type, "write")
    _judge(call, workspace, asked)
    known = call.azure.services.find(workspace, asked.name)
    if known and not asked.overwrite:
        raise errors.exists(asked.name)
    return accepted(call, _put(call, workspace, asked))


def patch_service(call: Call) -> Answer:
    workspace = workspace_of(call)
    service = _found(call, workspace)
    _allow(call, service.kind, "write")
    changes: tuple[Change, ...] = call.json(tuple[Change, ...])
    asked = settings.changed(service.settings, changes)
    _judge(call, workspace, asked)
    answer = accepted(call, _put(call, workspace, asked))
    secret = any(change.path in _SECRETS for change in changes)
    return replace(answer, private=("value",)) if secret else answer


def delete_service(call: Call) -> Answer:
    workspace = workspace_of(call)
    service = call.azure.services.find(workspace, call.values["service"])
    if service is None:
        return reply(status=204)
    _allow(call, service.kind, "delete")
    return accepted(call, call.azure.services.delete(workspace, service))


def get_service(call: Call) -> Answer:
    workspace = workspace_of(call)
    return reply(service_body(call, workspace, _found(call, workspace)))


def list_services(call: Call) -> Answer:
    """A page of those that are asked for, the newest first."""
    workspace = workspace_of(call)
    found = [each for each in reversed(call.azure.services.all(workspace)) if _wanted(call, each)]
    size, begin = call.number("count", _PAGE), call.number("$skipToken", 1) - 1
    body: dict[str, Any] = {"value": [service_body(call, workspace, each) for each in found[begin : begin + size]]}
    if begin + size < len(found):  # the SDK asks on for as long as there is such a member
        query = {**{name: text for name, text in call.query.items() if name != "$skiptoken"}}
        query["$skipToken"] = str(begin + size + 1)
        body["nextLink"] = f"https://{call.host}{quote(call.path)}?{urlencode(query, safe='$')}"
    return reply(body)


def validate_service(call: Call) -> Answer:
    """Judges a request that a client is about to make: an error here is a member of the answer."""
    workspace = workspace_of(call)
    asked: Validation = call.json(Validation)
    service = call.azure.services.find(workspace, asked.service_name)
    try:
        if asked.type == "Create":
            _judge(call, workspace, settings.settled(settings.read(asked.create_request or {})))
        elif service is None:
            raise errors.not_found(asked.service_name)
        elif asked.type == "Update":
            _judge(call, workspace, settings.changed(service.settings, asked.update_request or ()))
    except ModelError as no:
        return _invalid(no)
    return reply({})


def validate_name(call: Call) -> Answer:
    workspace, name = workspace_of(call), call.values["service"]
    if not settings.NAME.fullmatch(name):
        return _invalid(errors.bad_name(name))
    return _invalid(errors.exists(name)) if call.azure.services.find(workspace, name) else reply({})


def validate_resource(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked = settings.settled(call.json(AnyService))
    lacking = room.lacking(call.azure, workspace, asked)
    return _invalid(errors.unschedulable(*lacking)) if lacking else reply({})


def list_keys(call: Call) -> Answer:
    service = _found(call, workspace_of(call))
    _allow(call, service.kind, "listkeys/action")
    return reply({"primaryKey": service.keys[0], "secondaryKey": service.keys[1]})


def regenerate_key(call: Call) -> Answer:
    workspace = workspace_of(call)
    service = _found(call, workspace)
    _allow(call, service.kind, "write")
    asked: NewKey = call.json(NewKey)
    return accepted(call, call.azure.services.set_key(workspace, service, _INDEX[asked.key_type], asked.key_value))


def get_token(call: Call) -> Answer:
    service = _found(call, workspace_of(call))
    _allow(call, service.kind, "listkeys/action")
    if not service.settings.get("aadAuthEnabled"):
        raise errors.no_tokens(service.name)
    assert call.caller is not None
    now = int(call.world.clock.time())
    return reply(
        {
            "accessToken": call.azure.tokens.issue(call.caller, token_audience(service), _TOKEN_SECONDS),
            "tokenType": "Bearer",
            "refreshAfter": now + _REFRESH_SECONDS,
            "expiryOn": now + _TOKEN_SECONDS,
        },
        201,
    )


def get_logs(call: Call) -> Answer:
    """The last lines. Of what runs before the container there is nothing."""
    service = _found(call, workspace_of(call))
    if call.query.get("init", "").lower() == "true":
        return reply({"content": ""})
    lines = call.azure.services.logs(service).splitlines(keepends=True)
    return reply({"content": "".join(lines[-call.number("tail", 5000) :])})


def get_operation(call: Call) -> Answer:
    """As soon as it has ended, or after a while."""
    operations = call.azure.services.operations
    found = operations.find(workspace_of(call), call.values["operation"])
    if found is None:
        raise errors.operation_not_found(call.values["operation"])
    offset = call.query.get("offset", "")
    now = operations.wait(found, _PATIENCE)
    return reply(now.body(int(offset) if offset.isdecimal() else None))


def accepted(call: Call, operation: Operation) -> Answer:
    base = call.path[: call.path.lower().index("/workspaces/")]
    workspace = call.values["workspace"]
    location = f"https://{call.host}{base}/workspaces/{workspace}/operations/{operation.id}"
    return reply(status=202, headers={"Operation-Location": location})


def registered(call: Call, workspace: Resource, image: ImageRequest) -> Resource:
    """The environment of an image; registered by that, where it has not been."""
    environment = image.environment
    assert environment is not None
    name = environment.name or "inference"
    return call.azure.environments.register(workspace, name, environment.version, environment, call.caller_id)


def _put(call: Call, workspace: Resource, asked: Asked) -> Operation:
    world = call.world
    for container in settings.containers(asked).values():
        registered(call, workspace, container.environment_image_request)
    return call.azure.services.put(
        workspace, asked, call.caller_id, lambda folder: proxy_environment(world, folder), asked.keys
    )


def _judge(call: Call, workspace: Resource, asked: Asked) -> None:
    """Refuse a service that cannot be, in this workspace."""
    settings.check(asked)
    known = call.azure.services.find(workspace, asked.name)
    if known and known.kind != asked.compute_type:
        raise errors.other_kind(asked.name, known.kind)
    for container in settings.containers(asked).values():
        models_of(call.azure, workspace, container.environment_image_request)
        image = container.environment_image_request
        assert image.environment is not None
        call.azure.environments.properties(workspace, image.environment)
    if isinstance(asked, AciService):
        if asked.location and asked.location.lower() not in REGIONS:
            raise errors.bad_location(asked.location, REGIONS)
        return
    compute = call.azure.computes.find(workspace, asked.compute_name or "")
    if compute is None:
        raise errors.no_compute(asked.compute_name or "")
    kind, state = compute.properties["computeType"], compute.properties["provisioningState"]
    if (kind, state) != ("AKS", "Succeeded"):
        raise errors.not_for_services(compute.name, kind, state)


def _invalid(no: ModelError) -> Answer:
    return reply({"error": no.body})


def _found(call: Call, workspace: Resource) -> Service:
    found = call.azure.services.find(workspace, call.values["service"])
    if found is None:
        raise errors.not_found(call.values["service"])
    return found


def _wanted(call: Call, service: Service) -> bool:
    """By kind, model, tags and properties, whichever the query has."""
    query, asked = call.query, service.asked
    images = [container.environment_image_request for container in settings.containers(asked).values()]
    models = {name for image in images for name in image.model_ids}
    tests: dict[str, Callable[[str], bool]] = {
        "computetype": lambda text: service.kind.lower() == text.lower(),
        "name": lambda text: service.name == text.lower(),
        "modelid": lambda text: text in models,
        "modelname": lambda text: text in {each.partition(":")[0] for each in models},
        "tags": lambda text: _has(asked.kv_tags, text),
        "properties": lambda text: _has(asked.properties, text),
    }
    return all(test(query[name]) for name, test in tests.items() if query.get(name))


def _has(pairs: dict[str, str], asked: str) -> bool:
    """asked: like `key=text,other`, of which all must be there."""
    for each in asked.split(","):
        name, given, text = each.partition("=")
        if name not in pairs or (given and pairs[name] != text):
            return False
    return True


def _allow(call: Call, kind: str, verb: str) -> None:
    """What a service's kind decides about the caller's role."""
    action = f"{TYPE}/services/{'aci' if kind == 'ACI' else 'aks'}/{verb}"
    scope = workspace_of(call).id
    assert call.caller is not None
    if not call.azure.roles.allow(call.caller.object_id, action, scope):
        raise forbidden(call.caller.client_id, call.caller.object_id, action, scope)
