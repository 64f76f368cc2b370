"""MLflow's REST protocol in the data plane, under both versions that clients have for it."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.azure.mlflow import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.wire import Call
from sandbox.azure.workspaces.state import TYPE
from sandbox.wire import Answer

_READ, _WRITE = f"{TYPE}/experiments/runs/read", f"{TYPE}/experiments/runs/write"
_RUN = ["run_id", "run_uuid"]
_OPERATIONS: list[tuple[str, str, Callable[[Call], Answer], str, list[str]]] = [
    ("GET", "runs/get", responses.get_run, _READ, _RUN),
    ("POST", "runs/create", responses.create_run, _WRITE, []),
    ("POST", "runs/update", responses.update_run, _WRITE, []),
    ("POST", "runs/search", responses.search_runs, _READ, []),
    ("POST", "runs/log-metric", responses.log_metric, _WRITE, []),
    ("POST", "runs/log-parameter", responses.log_parameter, _WRITE, []),
    ("POST", "runs/log-batch", responses.log_batch, _WRITE, []),
    ("POST", "runs/set-tag", responses.set_tag, _WRITE, []),
    ("POST", "runs/delete-tag", responses.delete_tag, _WRITE, []),
    ("GET", "metrics/get-history", responses.get_history, _READ, [*_RUN, "metric_key", "max_results", "page_token"]),
    ("GET", "experiments/get", responses.get_experiment, _READ, ["experiment_id"]),
    ("GET", "experiments/get-by-name", responses.get_experiment_by_name, _READ, ["experiment_name"]),
    ("POST", "experiments/create", responses.create_experiment, _WRITE, []),
    ("POST", "experiments/search", responses.search_experiments, _READ, []),
    ("POST", "logged-models/search", responses.search_logged_models, _READ, []),
]

ROUTES = [
    Route(method, f"/mlflow/{version}{WORKSPACE}/api/2.0/mlflow/{path}", handler, action, query=query)
    for version in ("v1.0", "v2.0")
    for method, path, handler, action, query in _OPERATIONS
]
