"""Model management in the data plane."""

from __future__ import annotations

from functools import partial

from sandbox.azure.assets.state import MODEL
from sandbox.azure.modelmanagement import responses
from sandbox.azure.modelmanagement.errors import ModelError
from sandbox.azure.routing import WORKSPACE, Route

_BASE = f"/modelmanagement/v1.0{WORKSPACE}"
_MODELS, _MODEL, _ASSETS = f"{_BASE}/models", f"{_BASE}/models/{{model}}", f"{_BASE}/assets"
_READ, _WRITE = f"{MODEL.type}/read", f"{MODEL.type}/write"
_FILTERS = ("name", "framework", "tags", "properties", "runId", "datasetId", "latestVersionOnly", "count", "$skipToken")
_route = partial(Route, error=ModelError)

ROUTES = [
    _route("POST", _ASSETS, responses.create_asset, _WRITE),
    _route("GET", f"{_ASSETS}/{{asset}}", responses.get_asset, _READ),
    _route("POST", _MODELS, responses.register, _WRITE),
    _route("GET", _MODELS, responses.list_models, _READ, query=_FILTERS),
    _route("GET", _MODEL, responses.get_model, _READ),
    _route("PATCH", _MODEL, responses.patch_model, _WRITE),
    _route("DELETE", _MODEL, responses.delete_model, f"{MODEL.type}/delete"),
]
