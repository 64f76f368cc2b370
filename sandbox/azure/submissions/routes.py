"""Submitting and cancelling runs in the data plane."""

from __future__ import annotations

from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.submissions import responses
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/execution/v1.0{WORKSPACE}"
_BY_NAME, _BY_ID = f"{_BASE}/experiments/{{experiment}}", f"{_BASE}/experimentids/{{experiment_id}}"
_SUBMIT, _WRITE = f"{TYPE}/experiments/runs/submit/action", f"{TYPE}/experiments/runs/write"

ROUTES = [
    Route("POST", f"{_BY_NAME}/snapshotrun", responses.submit_run, _SUBMIT, query=["runId"], private=("password",)),
    Route("POST", f"{_BY_ID}/runId/{{run}}/cancel", responses.cancel_run, _WRITE),
]
