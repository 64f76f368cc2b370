"""What clients send about runs."""

from __future__ import annotations

from sandbox.wire import Flag, Text, Wire


class RunUpdate(Wire):
    """What a client may change about a run that it did not begin."""

    run_id: Text | None = None
    display_name: Text | None = None
    description: Text | None = None
    tags: dict[str, str | None] = {}
    properties: dict[str, str] = {}
    hidden: Flag | None = None


class RunDataRequest(Wire):
    run_id: Text
    select_run_metadata: Flag = True
    select_run_definition: Flag = False
    select_job_specification: Flag = False
