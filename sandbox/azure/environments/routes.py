"""Definitions of environments in the data plane."""

from __future__ import annotations

from functools import partial

from sandbox.azure.assets.state import ENVIRONMENT
from sandbox.azure.environments import responses
from sandbox.azure.routing import WORKSPACE, Route

_ALL = f"/environment/v1.0{WORKSPACE}/environments"
_ONE = f"{_ALL}/{{name}}"
_VERSION = f"{_ONE}/versions/{{version}}"
_READ, _WRITE = f"{ENVIRONMENT.type}/read", f"{ENVIRONMENT.type}/write"
_route = partial(Route, private=("password",))  # of a registry

ROUTES = [
    _route("GET", _ALL, responses.list_environments, _READ),
    _route("GET", _ONE, responses.get_environment, _READ),
    _route("PUT", _ONE, responses.put_environment, _WRITE),
    _route("GET", _VERSION, responses.get_environment, f"{ENVIRONMENT.type}/versions/read"),
    _route("PUT", _VERSION, responses.put_environment, f"{ENVIRONMENT.type}/versions/write"),
]
