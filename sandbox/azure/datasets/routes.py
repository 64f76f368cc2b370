"""Datasets in the data plane, and data assets as the SDK v1 asks for them."""

from __future__ import annotations

from sandbox.azure.assets.state import DATA
from sandbox.azure.datasets import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/dataset/v1.0{WORKSPACE}"
_ALL, _ONE, _SAVED = f"{_BASE}/datasets", f"{_BASE}/datasets/{{dataset}}", f"{_BASE}/saveddatasets"
_REGISTERED, _UNREGISTERED = f"{TYPE}/datasets/registered", f"{TYPE}/datasets/unregistered"
_LISTED = ["includeInvisible", "pageSize", "includeLatestDefinition", "continuationToken"]
_MADE = ["registerAsPending", "ifExistsOk", "updateDefinitionIfExists", "withDataHash"]

ROUTES = [
    Route("POST", _ALL, responses.register, f"{_REGISTERED}/write", query=_MADE),
    Route("GET", _ALL, responses.list_datasets, f"{_REGISTERED}/read", query=_LISTED),
    Route(
        "GET",
        f"{_ALL}/query/name={{name}}",
        responses.get_by_name,
        f"{_REGISTERED}/read",
        query=["versionId", "includeLatestDefinition"],
    ),
    Route(
        "GET",
        f"{_ALL}/query/savedDatasetId={{saved}}",
        responses.list_by_saved,
        f"{_REGISTERED}/read",
        query=["pageSize", "continuationToken"],
    ),
    Route("PUT", _ONE, responses.update, f"{_REGISTERED}/write", query=["forceUpdate"]),
    Route("DELETE", _ONE, responses.unregister, f"{_REGISTERED}/delete"),
    Route("POST", _SAVED, responses.save, f"{_UNREGISTERED}/write", query=["withDataHash"]),
    Route(
        "GET",
        f"{_SAVED}/{{saved}}",
        responses.get_saved,
        f"{_UNREGISTERED}/read",
        query=["checkDataHash", "resolveLegacyId"],
    ),
    Route(
        "GET",
        f"/data/v1.0{WORKSPACE}/dataversion/{{name}}/versions/{{version}}",
        responses.get_data,
        f"{DATA.type}/versions/read",
        query=["includeSavedDatasets"],
    ),
]
