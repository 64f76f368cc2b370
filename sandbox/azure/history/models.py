"""What clients send about runs."""

from __future__ import annotations

from typing import Annotated, Literal

from sandbox.wire import Flag, Integer, Text, Time, Wire, one_of


class CreatedFrom(Wire):
    type: Text | None = None
    location_type: Text | None = None
    location: Text | None = None


class RunType(Wire):
    orchestrator: Text | None = None
    traits: tuple[Text, ...] = ()


class RunUpdate(Wire):
    """What a client tells of a run: of one that there is, or of a new one. A tag may be sent without a value."""

    run_id: Text | None = None
    parent_run_id: Text | None = None
    status: Literal["NotStarted"] | None = None
    name: Text | None = None
    display_name: Text | None = None
    description: Text | None = None
    script_name: Text | None = None
    target: Text | None = None
    run_type: Text | None = None
    run_type_v2: RunType | None = None
    created_from: CreatedFrom | None = None
    tags: dict[str, str | None] = {}
    properties: dict[str, str | None] = {}
    hidden: Flag | None = None


class RunUpdates(Wire):
    runs: tuple[RunUpdate, ...]


class Query(Wire):
    """orderby: a field, and `asc` or `desc`. view_type: of experiments alone."""

    filter: Text | None = None
    orderby: Text | None = None
    top: Integer | None = None
    continuation_token: Text | None = None
    view_type: Annotated[str, one_of("ActiveOnly", "ArchivedOnly", "All", "Default")] = "Default"


class ExperimentUpdate(Wire):
    name: Text | None = None
    description: Text | None = None
    archive: Flag | None = None
    tags: dict[str, str | None] = {}


class TagsToDelete(Wire):
    tags: tuple[Text, ...]


class InnerError(Wire):
    code: Text | None = None
    inner_error: InnerError | None = None


class RootError(Wire):
    code: Text
    message: Text
    message_format: Text | None = None
    message_parameters: dict[str, str] = {}
    reference_code: Text | None = None
    target: Text | None = None
    details_uri: Text | None = None
    inner_error: InnerError | None = None


class ErrorResponse(Wire):
    error: RootError


class EventData(Wire):
    """Of all events; which of these there are is for the event to say. Names begin with a capital, in any case."""

    run_id: Text | None = None
    start_time: Text | None = None
    end_time: Text | None = None
    time_to_live_seconds: Integer | None = None
    source: Text | None = None
    message: Text | None = None
    error_response: ErrorResponse | None = None


class Event(Wire):
    name: Text
    timestamp: Time | None = None
    data: EventData = EventData()


class Events(Wire):
    events: tuple[Event, ...]


class RunDataRequest(Wire):
    run_id: Text
    select_run_metadata: Flag = True
    select_run_definition: Flag = False
    select_job_specification: Flag = False
