"""Projects and connection data."""

from __future__ import annotations

from sandbox.devops.core import responses
from sandbox.routing import Location, Route

_PROJECTS = Location("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "core", "projects", "_apis/{resource}/{*projectId}", 4)
_CONNECTION = Location("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "Location", "ConnectionData", "_apis/{resource}")
_PAGING = ["stateFilter", "$top", "$skip", "continuationToken", "getDefaultTeamImageUrl"]
_OPTIONS = ["connectOptions", "lastChangeId", "lastChangeId64"]

ROUTES = [
    Route("GET", "_apis/projects", responses.list_projects, _PROJECTS, _PAGING),
    Route(
        "GET", "_apis/projects/{projectId}", responses.get_project, _PROJECTS, ["includeCapabilities", "includeHistory"]
    ),
    Route("GET", "_apis/connectionData", responses.get_connection, _CONNECTION, _OPTIONS, published=False),
]
