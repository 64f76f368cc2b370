"""Datastores in ARM, and in the data plane as the SDK v1 has them."""

from __future__ import annotations

from sandbox.azure.datastores import data_plane, responses
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.versions import MACHINE_LEARNING
from sandbox.azure.workspaces.state import TYPE

_ALL, _ACTION = f"{WORKSPACE}/datastores", f"{TYPE}/datastores"
_ONE = f"{_ALL}/{{datastore}}"

_SECRETS = ("key", "sasToken", "accountKey", "credential")

ROUTES = [
    Route(
        "GET",
        _ALL,
        responses.list_datastores,
        f"{_ACTION}/read",
        MACHINE_LEARNING,
        [*PARAMETERS, "count", "isDefault", "orderBy", "orderByAsc"],
    ),
    Route("GET", _ONE, responses.get_datastore, f"{_ACTION}/read", MACHINE_LEARNING),
    Route(
        "PUT", _ONE, responses.put_datastore, f"{_ACTION}/write", MACHINE_LEARNING, ["skipValidation"], private=_SECRETS
    ),
    Route("DELETE", _ONE, responses.delete_datastore, f"{_ACTION}/delete", MACHINE_LEARNING),
    Route(
        "POST",
        f"{_ONE}/listSecrets",
        responses.list_secrets,
        f"{_ACTION}/listsecrets/action",
        MACHINE_LEARNING,
        private=_SECRETS,
    ),
]
_V1, _V1_ONE = f"/datastore/v1.0{_ALL}", f"/datastore/v1.0{_ONE}"
_WRITTEN = ["createIfNotExists", "skipValidation"]

DATA_PLANE = [
    Route(
        "GET",
        _V1,
        data_plane.list_datastores,
        f"{_ACTION}/read",
        query=["dataStoreNames", "continuationToken", "count", "includeSecret"],
        private=_SECRETS,
    ),
    Route("POST", _V1, data_plane.create_datastore, f"{_ACTION}/write", query=_WRITTEN, private=_SECRETS),
    Route("GET", _V1_ONE, data_plane.get_datastore, f"{_ACTION}/read", private=_SECRETS),
    Route("PUT", _V1_ONE, data_plane.update_datastore, f"{_ACTION}/write", query=_WRITTEN, private=_SECRETS),
    Route("DELETE", _V1_ONE, data_plane.delete_datastore, f"{_ACTION}/delete"),
    Route("GET", f"/datastore/v1.0{WORKSPACE}/default", data_plane.get_default, f"{_ACTION}/read", private=_SECRETS),
    Route("PUT", f"/datastore/v1.0{WORKSPACE}/default/{{datastore}}", data_plane.set_default, f"{_ACTION}/write"),
]
