"""Services in the data plane. Where a service's kind decides what a role must allow, the handler asks."""

from __future__ import annotations

from functools import partial

from sandbox.azure.modelmanagement.errors import ModelError
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.services import responses
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/modelmanagement/v1.0{WORKSPACE}"
_ALL = f"{_BASE}/services"
_ONE, _VALIDATE = f"{_ALL}/{{service}}", f"{_ALL}/validate"
_READ = f"{TYPE}/services/read"
_FILTERS = ("expand", "computeType", "name", "modelName", "modelId", "tags", "properties", "count", "$skipToken")
# Keys, certificates, passwords of registries, tokens.
_PRIVATE = ("primaryKey", "secondaryKey", "keyValue", "sslCertificate", "sslKey", "password", "accessToken")
_route = partial(Route, error=ModelError, private=_PRIVATE)

ROUTES = [
    _route("POST", _VALIDATE, responses.validate_service, _READ),
    _route("POST", f"{_VALIDATE}/name/{{service}}", responses.validate_name, _READ),
    _route("POST", f"{_VALIDATE}/resource", responses.validate_resource, _READ),
    _route("POST", _ALL, responses.create_service),
    _route("GET", _ALL, responses.list_services, _READ, query=_FILTERS),
    _route("GET", _ONE, responses.get_service, _READ, query=["expand"]),
    _route("PATCH", _ONE, responses.patch_service),
    _route("DELETE", _ONE, responses.delete_service),
    _route("POST", f"{_ONE}/listkeys", responses.list_keys),
    _route("POST", f"{_ONE}/regenerateKeys", responses.regenerate_key),
    _route("POST", f"{_ONE}/token", responses.get_token),
    _route("GET", f"{_ONE}/logs", responses.get_logs, _READ, query=["tail", "init"]),
    _route("GET", f"{_BASE}/operations/{{operation}}", responses.get_operation, _READ, query=["offset"]),
]
