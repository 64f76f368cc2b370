"""Jobs in ARM."""

from __future__ import annotations

from sandbox.azure.jobs import responses
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.versions import MACHINE_LEARNING
from sandbox.azure.workspaces.state import TYPE

_ALL, _ACTION = f"{WORKSPACE}/jobs", f"{TYPE}/jobs"
_ONE = f"{_ALL}/{{job}}"
_QUERY = [*PARAMETERS, "jobType", "tag", "listViewType", "scheduled", "scheduleId"]

ROUTES = [
    Route("GET", _ALL, responses.list_jobs, f"{_ACTION}/read", MACHINE_LEARNING, _QUERY),
    Route("GET", _ONE, responses.get_job, f"{_ACTION}/read", MACHINE_LEARNING),
    Route("PUT", _ONE, responses.put_job, f"{_ACTION}/write", MACHINE_LEARNING),
    Route("DELETE", _ONE, responses.delete_job, f"{_ACTION}/delete", MACHINE_LEARNING),
    Route("POST", f"{_ONE}/cancel", responses.cancel_job, f"{_ACTION}/cancel/action", MACHINE_LEARNING),
]
