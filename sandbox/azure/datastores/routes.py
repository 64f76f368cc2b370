"""Datastores in ARM."""

from __future__ import annotations

from sandbox.azure.datastores import responses
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.versions import MACHINE_LEARNING
from sandbox.azure.workspaces.state import TYPE

_ALL, _ACTION = f"{WORKSPACE}/datastores", f"{TYPE}/datastores"
_ONE = f"{_ALL}/{{datastore}}"

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
    Route("PUT", _ONE, responses.put_datastore, f"{_ACTION}/write", MACHINE_LEARNING, ["skipValidation"]),
    Route("DELETE", _ONE, responses.delete_datastore, f"{_ACTION}/delete", MACHINE_LEARNING),
    Route("POST", f"{_ONE}/listSecrets", responses.list_secrets, f"{_ACTION}/listsecrets/action", MACHINE_LEARNING),
]
