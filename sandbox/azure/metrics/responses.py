"""Answers about metrics."""

from __future__ import annotations

from sandbox.azure.history.responses import run_of
from sandbox.azure.metrics import errors
from sandbox.azure.metrics.models import Batch, FullRequest, ListRequest
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer, format_time

_MOST = 250


def post_metrics(call: Call) -> Answer:
    """Those that do not fit what was logged before are told; the others are kept."""
    run = run_of(call, workspace_of(call))
    asked: Batch = call.json(Batch)
    if len(asked.values) > _MOST:
        raise errors.too_many(len(asked.values), _MOST)
    refused = [metric for metric in asked.values if not call.azure.metrics.log(run, metric)]
    told = [{"metric": metric.json_form(), "errorResponse": errors.other_kind(metric.name).body} for metric in refused]
    return reply({"errors": told if asked.report_errors else []})


def list_metrics(call: Call) -> Answer:
    run = run_of(call, workspace_of(call))
    call.json(ListRequest)
    found = call.azure.metrics.all(run)
    return reply(
        {"value": [{"metricKey": {"namespace": "", "name": each.name}, "columns": each.columns} for each in found]}
    )


def get_metric(call: Call) -> Answer:
    """All values of one, within a time where one is asked for."""
    run = run_of(call, workspace_of(call))
    asked: FullRequest = call.json(FullRequest)
    found = call.azure.metrics.find(run, asked.metric_name)
    if found is None:
        raise errors.not_found(asked.metric_name, run.id)
    values = [
        {"metricId": point.id, "createdUtc": format_time(point.created), "step": point.step, "data": point.data}
        for point in found.points
        if (asked.start_time is None or point.created >= asked.start_time)
        and (asked.end_time is None or point.created <= asked.end_time)
    ]
    return reply(
        {
            "dataContainerId": f"dcid.{run.id}",
            "name": found.name,
            "columns": found.columns,
            "value": values,
            "properties": {"uxMetricType": found.kind},
        }
    )
