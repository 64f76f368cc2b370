"""Computes in ARM."""

from __future__ import annotations

from sandbox.azure.computes import responses
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.versions import MACHINE_LEARNING
from sandbox.azure.workspaces.state import TYPE

_ALL, _ONE, _ACTION = f"{WORKSPACE}/computes", f"{WORKSPACE}/computes/{{compute}}", f"{TYPE}/computes"

ROUTES = [
    Route("GET", _ALL, responses.list_computes, f"{_ACTION}/read", MACHINE_LEARNING, PARAMETERS),
    Route("GET", _ONE, responses.get_compute, f"{_ACTION}/read", MACHINE_LEARNING),
    Route("PUT", _ONE, responses.put_compute, f"{_ACTION}/write", MACHINE_LEARNING),
    Route("PATCH", _ONE, responses.patch_compute, f"{_ACTION}/write", MACHINE_LEARNING),
    Route(
        "DELETE",
        _ONE,
        responses.delete_compute,
        f"{_ACTION}/delete",
        MACHINE_LEARNING,
        ["underlyingResourceAction"],
    ),
]
