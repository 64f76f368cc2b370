"""What the SDK v1 sends about metrics."""

from __future__ import annotations

from sandbox.wire import Flag, Integer, Text, Time, Wire

Cell = int | float | bool | str | None


class Properties(Wire):
    ux_metric_type: Text


class Value(Wire):
    """data: a cell for each column."""

    metric_id: Text
    created_utc: Time
    step: Integer | None = None
    data: dict[str, Cell]


class Metric(Wire):
    """columns: the type of each. A scalar has one, which is called as it is."""

    name: Text
    columns: dict[str, str]
    value: tuple[Value, ...]
    properties: Properties
    data_container_id: Text | None = None


class Batch(Wire):
    values: tuple[Metric, ...]
    report_errors: Flag = False


class ListRequest(Wire):
    metric_namespace: Text | None = None
    continuation_token: Text | None = None


class FullRequest(Wire):
    metric_name: Text
    metric_namespace: Text | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    continuation_token: Text | None = None
