"""Answers about online endpoints and their deployments."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.azure.onlineendpoints import deployment as deployments
from sandbox.azure.onlineendpoints import errors
from sandbox.azure.onlineendpoints.keys import TOKEN_SECONDS
from sandbox.azure.onlineendpoints.logs import container_log, storage_log
from sandbox.azure.onlineendpoints.models import (
    DeploymentBody,
    DeploymentChange,
    EndpointBody,
    EndpointChange,
    Identity,
    LogsRequest,
    RegenerateKeys,
)
from sandbox.azure.onlineendpoints.state import DEPLOYMENT
from sandbox.azure.operations import accepted
from sandbox.azure.paging import page
from sandbox.azure.resources import Resource
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.proxy import proxy_environment
from sandbox.wire import Answer

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
_MOST_INSTANCES = 50


def get_endpoint(call: Call) -> Answer:
    return reply(_endpoint_of(call).body)


def list_endpoints(call: Call) -> Answer:
    """By name and by what they run on, where the query says so."""
    kind, name = call.query.get("computetype", "").lower(), call.query.get("name", "").lower()
    found = [
        each
        for each in call.azure.onlineendpoints.all(workspace_of(call))
        if (not kind or _kind(each).lower() == kind) and (not name or each.name.lower() == name)
    ]
    return page(call, [each.body for each in found], call.number("count", 100))


def put_endpoint(call: Call) -> Answer:
    workspace, name = workspace_of(call), call.values["endpoint"]
    asked: EndpointBody = call.json(EndpointBody)
    if not _NAME.fullmatch(name):
        raise errors.bad_name("endpoint", name)
    known = call.azure.onlineendpoints.find(workspace, name)
    more = {
        "location": asked.location,
        "tags": asked.tags,
        "kind": "K8S" if asked.properties.compute else "Managed",
        "identity": _identity(call, asked.identity, known),
    }
    made, operation = call.azure.onlineendpoints.put(workspace, name, asked.properties, more, call.caller_id)
    return accepted(call, operation, made.body, status=200 if known else 201)


def patch_endpoint(call: Call) -> Answer:
    endpoint = _endpoint_of(call)
    asked: EndpointChange = call.json(EndpointChange)
    more: dict[str, Any] = {} if asked.tags is None else {"tags": asked.tags}
    if asked.identity:
        more["identity"] = {**endpoint.more["identity"], **asked.identity.json_form()}
    made, operation = call.azure.onlineendpoints.change(endpoint, more, call.caller_id)
    return accepted(call, operation, made.body)


def delete_endpoint(call: Call) -> Answer:
    found = call.azure.onlineendpoints.find(workspace_of(call), call.values["endpoint"])
    return accepted(call, call.azure.onlineendpoints.delete(found)) if found else reply(status=204)


def list_keys(call: Call) -> Answer:
    endpoint = _endpoint_of(call)
    if endpoint.properties["authMode"] != "Key":
        raise errors.no_keys(endpoint.name)
    return reply(call.azure.onlineendpoints.keys.of(endpoint).body)


def regenerate_keys(call: Call) -> Answer:
    endpoint = _endpoint_of(call)
    asked: RegenerateKeys = call.json(RegenerateKeys)
    if endpoint.properties["authMode"] != "Key":
        raise errors.no_keys(endpoint.name)
    keys = call.azure.onlineendpoints.keys
    operation = call.azure.operations.run("", lambda: keys.renew(endpoint, asked.key_type, asked.key_value))
    return accepted(call, operation)


def get_token(call: Call) -> Answer:
    endpoint = _endpoint_of(call)
    if endpoint.properties["authMode"] != "AMLToken":
        raise errors.no_token(endpoint.name)
    assert call.caller is not None
    now = int(call.world.clock.time())
    return reply(
        {
            "accessToken": call.azure.onlineendpoints.keys.token(endpoint, call.caller),
            "expiryTimeUtc": now + int(TOKEN_SECONDS),
            "refreshAfterTimeUtc": now + int(TOKEN_SECONDS / 2),
            "tokenType": "Bearer",
        }
    )


def get_deployment(call: Call) -> Answer:
    return reply(_deployment_of(call).body)


def list_deployments(call: Call) -> Answer:
    return page(call, [each.body for each in call.azure.onlineendpoints.deployments(_endpoint_of(call))])


def put_deployment(call: Call) -> Answer:
    workspace, endpoint, name = workspace_of(call), _endpoint_of(call), call.values["deployment"]
    asked: DeploymentBody = call.json(DeploymentBody)
    if not _NAME.fullmatch(name):
        raise errors.bad_name("deployment", name)
    if asked.properties.endpoint_compute_type != _kind(endpoint):
        raise errors.wrong_kind(asked.properties.endpoint_compute_type, _kind(endpoint))
    deployments.check(call.azure, workspace, asked.properties)
    known = call.azure.onlineendpoints.deployment(endpoint, name)
    more = {"location": asked.location, "tags": asked.tags, "sku": asked.sku.json_form()}
    made, operation = call.azure.onlineendpoints.deploy(
        endpoint, name, asked.properties.json_form(), more, _network(call), call.caller_id
    )
    return accepted(call, operation, made.body, status=200 if known else 201)


def patch_deployment(call: Call) -> Answer:
    found = _deployment_of(call)
    asked: DeploymentChange = call.json(DeploymentChange)
    more: dict[str, Any] = {} if asked.tags is None else {"tags": asked.tags}
    if asked.sku:
        more["sku"] = {**found.more["sku"], **asked.sku.json_form()}
    made, operation = call.azure.onlineendpoints.scale(found, more, call.caller_id)
    return accepted(call, operation, made.body)


def delete_deployment(call: Call) -> Answer:
    found = call.azure.onlineendpoints.deployment(_endpoint_of(call), call.values["deployment"])
    return accepted(call, call.azure.onlineendpoints.remove(found)) if found else reply(status=204)


def get_logs(call: Call) -> Answer:
    found = _deployment_of(call)
    asked: LogsRequest = call.json(LogsRequest)
    write = storage_log if asked.container_type == "StorageInitializer" else container_log
    return reply({"content": write(call.azure, found, asked.tail)})


def list_skus(call: Call) -> Answer:
    """How many instances a deployment may have."""
    found = _deployment_of(call)
    capacity = {"default": 1, "minimum": 1, "maximum": _MOST_INSTANCES, "scaleType": "Manual"}
    return page(call, [{"resourceType": DEPLOYMENT, "sku": {"name": found.more["sku"]["name"]}, "capacity": capacity}])


def _endpoint_of(call: Call) -> Resource:
    found = call.azure.onlineendpoints.find(workspace_of(call), call.values["endpoint"])
    if found is None:
        raise errors.not_found("Online endpoint", call.values["endpoint"])
    return found


def _deployment_of(call: Call) -> Resource:
    found = call.azure.onlineendpoints.deployment(_endpoint_of(call), call.values["deployment"])
    if found is None:
        raise errors.not_found("Online deployment", call.values["deployment"])
    return found


def _kind(endpoint: Resource) -> str:
    return "Kubernetes" if endpoint.properties.get("compute") else "Managed"


def _identity(call: Call, asked: Identity | None, known: Resource | None) -> Mapping[str, Any]:
    """With the principal that Azure gives to it."""
    kept = known.more["identity"] if known else {"principalId": str(uuid.uuid4()), "tenantId": call.azure.tenant}
    return {**(asked.json_form() if asked else {"type": "SystemAssigned"}), **_principal(kept)}


def _principal(identity: Mapping[str, Any]) -> dict[str, Any]:
    return {name: identity[name] for name in ("principalId", "tenantId")}


def _network(call: Call) -> Any:
    def network(folder: Path) -> Mapping[str, str]:
        return proxy_environment(call.world, folder)

    return network
