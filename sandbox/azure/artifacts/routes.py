"""Files of runs in the data plane."""

from __future__ import annotations

from sandbox.azure.artifacts import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/history/v1.0{WORKSPACE}/experiments/{{experiment}}/runs/{{run}}/artifacts"
_READ, _WRITE = f"{TYPE}/experiments/runs/read", f"{TYPE}/experiments/runs/write"

ROUTES = [
    Route("GET", _BASE, responses.list_artifacts, _READ),
    Route("GET", f"{_BASE}/contentinfo", responses.get_content_information, _READ, query=["path"]),
    Route("POST", f"{_BASE}/batch/metadata", responses.create_artifacts, _WRITE),
]
