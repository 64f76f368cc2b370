"""Workspaces in ARM, and the discovery of their data plane."""

from __future__ import annotations

from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import GROUP, SUBSCRIPTION, WORKSPACE, Route
from sandbox.azure.versions import MACHINE_LEARNING, WORKSPACES
from sandbox.azure.workspaces import responses
from sandbox.azure.workspaces.state import TYPE

_READ = f"{TYPE}/read"

ROUTES = [
    Route("GET", WORKSPACE, responses.get_workspace, _READ, MACHINE_LEARNING),
    Route("GET", f"{GROUP}/providers/{TYPE}", responses.list_workspaces, _READ, WORKSPACES, PARAMETERS),
    Route("GET", f"{SUBSCRIPTION}/providers/{TYPE}", responses.list_workspaces, _READ, WORKSPACES, PARAMETERS),
]
DISCOVERY = [Route("GET", "/discovery", responses.discover, public=True)]
