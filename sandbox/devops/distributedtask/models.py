"""What workers send to the orchestrator."""

from __future__ import annotations

from typing import Annotated, Any

from sandbox.wire import Integer, Text, Wire, one_of

State = Annotated[str, one_of("pending", "inProgress", "completed")]
Result = Annotated[str, one_of("succeeded", "succeededWithIssues", "failed", "canceled", "skipped", "abandoned")]
EventName = Annotated[str, one_of("TaskAssigned", "TaskStarted", "TaskCompleted")]


class LogRequest(Wire):
    """Members that the service gives are accepted as .NET clients send them, and not used."""

    path: Text | None = None
    id: Integer | None = None
    created_on: Text | None = None
    last_changed_on: Text | None = None
    line_count: Integer | None = None
    location: Text | None = None


class FeedLines(Wire):
    value: tuple[Text, ...]
    count: Integer | None = None
    start_line: Integer | None = None
    end_line: Integer | None = None
    step_id: Text | None = None


class RecordUpdate(Wire):
    id: Text
    state: State | None = None
    result: Result | None = None
    percent_complete: Integer | None = None
    current_operation: Text | None = None
    worker_name: Text | None = None
    log: LogRequest | None = None
    change_id: Integer | None = None
    last_modified: Text | None = None
    attempt: Integer | None = None


class RecordUpdates(Wire):
    value: tuple[RecordUpdate, ...]
    count: Integer


class JobEvent(Wire):
    name: EventName
    job_id: Text
    task_id: Text | None = None
    result: Result | None = None
    output_variables: dict[str, Any] | None = None
    request_id: Integer | None = None
