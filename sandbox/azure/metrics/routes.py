"""Metrics in the data plane."""

from __future__ import annotations

from sandbox.azure.metrics import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/metric/v2.0{WORKSPACE}/runs/{{run}}"
_READ, _WRITE = f"{TYPE}/experiments/runs/read", f"{TYPE}/experiments/runs/write"

ROUTES = [
    Route("POST", f"{_BASE}/batch", responses.post_metrics, _WRITE),
    Route("POST", f"{_BASE}/list", responses.list_metrics, _READ),
    Route("POST", f"{_BASE}/full", responses.get_metric, _READ),
]
