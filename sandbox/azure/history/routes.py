"""Run history in the data plane."""

from __future__ import annotations

from sandbox.azure.history import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/history/v1.0{WORKSPACE}"
_READ, _WRITE = f"{TYPE}/experiments/runs/read", f"{TYPE}/experiments/runs/write"

ROUTES = [
    Route("GET", f"{_BASE}/runs/{{run}}/details", responses.get_details, _READ),
    Route("GET", f"{_BASE}/runs/{{run}}/children", responses.list_children, _READ, query=["$top", "$filter"]),
    Route("GET", f"{_BASE}/runs/{{run}}", responses.get_run, _READ),
    Route("POST", f"{_BASE}/rundata", responses.get_run_data, _READ),
    Route("PATCH", f"{_BASE}/experiments/{{experiment}}/runs/{{run}}", responses.patch_run, _WRITE),
]
