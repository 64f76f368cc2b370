"""Definitions of environments in the data plane."""

from __future__ import annotations

from sandbox.azure.assets.state import ENVIRONMENT
from sandbox.azure.environments import responses
from sandbox.azure.routing import WORKSPACE, Route

_ALL = f"/environment/v1.0{WORKSPACE}/environments"
_ONE = f"{_ALL}/{{name}}"
_VERSION = f"{_ONE}/versions/{{version}}"
_READ, _WRITE = f"{ENVIRONMENT.type}/read", f"{ENVIRONMENT.type}/write"

ROUTES = [
    Route("GET", _ALL, responses.list_environments, _READ),
    Route("GET", _ONE, responses.get_environment, _READ),
    Route("PUT", _ONE, responses.put_environment, _WRITE),
    Route("GET", _VERSION, responses.get_environment, f"{ENVIRONMENT.type}/versions/read"),
    Route("PUT", _VERSION, responses.put_environment, f"{ENVIRONMENT.type}/versions/write"),
]
