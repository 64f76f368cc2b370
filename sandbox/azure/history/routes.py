"""Run history in the data plane: what both SDKs ask for, and what v1 alone does."""

from __future__ import annotations

from sandbox.azure.history import events, experiments, responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/history/v1.0{WORKSPACE}"
_READ, _WRITE = f"{TYPE}/experiments/runs/read", f"{TYPE}/experiments/runs/write"
_READ_EXPERIMENT, _WRITE_EXPERIMENT = f"{TYPE}/experiments/read", f"{TYPE}/experiments/write"
_PAGES = ["$filter", "$continuationToken", "$orderby", "$sortorder", "$top"]
_BY_NAME, _BY_ID = f"{_BASE}/experiments/{{experiment}}", f"{_BASE}/experimentids/{{experiment_id}}"

ROUTES = [
    Route("GET", f"{_BASE}/runs/{{run}}/details", responses.get_details, _READ),
    Route("GET", f"{_BASE}/runs/{{run}}/children", responses.list_children, _READ, query=_PAGES),
    Route("GET", f"{_BASE}/runs/{{run}}", responses.get_run, _READ),
    Route("POST", f"{_BASE}/rundata", responses.get_run_data, _READ),
    Route("POST", _BY_NAME, experiments.create_experiment, _WRITE_EXPERIMENT),
    Route("PATCH", _BY_ID, experiments.patch_experiment, _WRITE_EXPERIMENT),
    Route("POST", f"{_BY_ID}/tags:delete", experiments.delete_tags, _WRITE_EXPERIMENT),
    Route("POST", f"{_BASE}/experiments:query", experiments.query_experiments, _READ_EXPERIMENT),
    *(
        route
        for experiment in (_BY_NAME, _BY_ID)
        for run in (f"{experiment}/runs/{{run}}",)
        for route in (
            Route("GET", experiment, experiments.get_experiment, _READ_EXPERIMENT, query=["viewType"]),
            Route("POST", f"{experiment}/runs:query", responses.query_runs, _READ),
            Route("PATCH", f"{experiment}/batch/runs", responses.patch_runs, _WRITE),
            Route("POST", f"{experiment}/batch/events", events.post_events, _WRITE),
            Route("GET", run, responses.get_run, _READ),
            Route("PATCH", run, responses.patch_run, _WRITE),
            Route("GET", f"{run}/details", responses.get_details, _READ),
            Route("GET", f"{run}/children", responses.list_children, _READ, query=_PAGES),
            Route("DELETE", f"{run}/tags", responses.delete_tags, _WRITE),
            Route("POST", f"{run}/events", events.post_event, _WRITE),
            Route("GET", f"{run}/token", events.get_token, _WRITE),
            Route("GET", f"{run}/metricsingest/wait", events.wait_for_metrics, _READ),
        )
    ),
]
