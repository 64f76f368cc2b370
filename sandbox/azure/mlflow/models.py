"""What MLflow's clients send: names as Protocol Buffers have them, whole numbers also as texts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from sandbox.wire import Integer, Number, Text, Wire


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdecimal() else value


Long = Annotated[Integer, BeforeValidator(_whole)]
Key = Annotated[Text, Field(min_length=1, max_length=250)]
Value = Number | Literal["NaN", "Infinity", "-Infinity"]  # what JSON's numbers cannot say comes as a text


class _Message(Wire):
    model_config = ConfigDict(alias_generator=lambda name: name)


class _OfRun(_Message):
    """run_uuid is the older name of run_id; clients send both."""

    run_id: Text
    run_uuid: Text | None = None


class Pair(_Message):
    key: Key
    value: Text = ""


class _Metric(_Message):
    key: Key
    value: Value
    timestamp: Long
    step: Long = 0
    model_id: Text | None = None
    dataset_name: Text | None = None
    dataset_digest: Text | None = None


class LoggedMetric(_Metric):
    """One of a batch."""

    run_id: Text | None = None


class LogMetric(_OfRun, _Metric):
    pass


class LogParameter(_OfRun):
    key: Key
    value: Text


class SetTag(_OfRun):
    key: Key
    value: Text = ""


class DeleteTag(_OfRun):
    key: Key


class LogBatch(_OfRun):
    metrics: tuple[LoggedMetric, ...] = ()
    params: tuple[Pair, ...] = ()
    tags: tuple[Pair, ...] = ()


class UpdateRun(_OfRun):
    status: Annotated[str, Field(pattern="^(RUNNING|SCHEDULED|FINISHED|FAILED|KILLED)$")] | None = None
    end_time: Long | None = None
    run_name: Text | None = None


class CreateRun(_Message):
    experiment_id: Text
    user_id: Text | None = None
    run_name: Text | None = None
    start_time: Long | None = None
    tags: tuple[Pair, ...] = ()


class CreateExperiment(_Message):
    name: Key
    artifact_location: Text | None = None
    tags: tuple[Pair, ...] = ()


class SearchExperiments(_Message):
    max_results: Long = 1000
    page_token: Text | None = None
    filter: Text | None = None
    order_by: tuple[Text, ...] = ()
    view_type: Text = "ACTIVE_ONLY"


class SearchRuns(_Message):
    experiment_ids: tuple[Text, ...]
    filter: Text | None = None
    run_view_type: Text = "ACTIVE_ONLY"
    max_results: Long = 1000
    order_by: tuple[Text, ...] = ()
    page_token: Text | None = None


class SearchLoggedModels(_Message):
    experiment_ids: tuple[Text, ...] = ()
    filter: Text | None = None
    max_results: Long = 50
    order_by: tuple[dict[str, Any], ...] = ()
    page_token: Text | None = None
    datasets: tuple[dict[str, Any], ...] = ()
