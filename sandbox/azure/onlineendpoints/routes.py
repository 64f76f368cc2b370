"""Online endpoints and deployments in ARM."""

from __future__ import annotations

from functools import partial

from sandbox.azure.onlineendpoints import responses
from sandbox.azure.onlineendpoints.state import DEPLOYMENT, ENDPOINT
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.versions import MACHINE_LEARNING

_ALL = f"{WORKSPACE}/onlineEndpoints"
_ONE = f"{_ALL}/{{endpoint}}"
_DEPLOYMENTS = f"{_ONE}/deployments"
_DEPLOYMENT = f"{_DEPLOYMENTS}/{{deployment}}"
_route = partial(Route, versions=MACHINE_LEARNING)

ROUTES = [
    _route(
        "GET", _ALL, responses.list_endpoints, f"{ENDPOINT}/read", query=[*PARAMETERS, "name", "count", "computeType"]
    ),
    _route("GET", _ONE, responses.get_endpoint, f"{ENDPOINT}/read"),
    _route("PUT", _ONE, responses.put_endpoint, f"{ENDPOINT}/write", private=["primaryKey", "secondaryKey"]),
    _route("PATCH", _ONE, responses.patch_endpoint, f"{ENDPOINT}/write"),
    _route("DELETE", _ONE, responses.delete_endpoint, f"{ENDPOINT}/delete"),
    _route(
        "POST",
        f"{_ONE}/listKeys",
        responses.list_keys,
        f"{ENDPOINT}/listKeys/action",
        private=["primaryKey", "secondaryKey"],
    ),
    _route(
        "POST",
        f"{_ONE}/regenerateKeys",
        responses.regenerate_keys,
        f"{ENDPOINT}/regenerateKeys/action",
        private=["keyValue"],
    ),
    _route("POST", f"{_ONE}/token", responses.get_token, f"{ENDPOINT}/token/action", private=["accessToken"]),
    _route("GET", _DEPLOYMENTS, responses.list_deployments, f"{DEPLOYMENT}/read", query=[*PARAMETERS]),
    _route("GET", _DEPLOYMENT, responses.get_deployment, f"{DEPLOYMENT}/read"),
    _route("PUT", _DEPLOYMENT, responses.put_deployment, f"{DEPLOYMENT}/write"),
    _route("PATCH", _DEPLOYMENT, responses.patch_deployment, f"{DEPLOYMENT}/write"),
    _route("DELETE", _DEPLOYMENT, responses.delete_deployment, f"{DEPLOYMENT}/delete"),
    _route("POST", f"{_DEPLOYMENT}/getLogs", responses.get_logs, f"{DEPLOYMENT}/getLogs/action"),
    _route("GET", f"{_DEPLOYMENT}/skus", responses.list_skus, f"{DEPLOYMENT}/skus/read", query=["count", "$skip"]),
]
