"""OPTIONS for all areas or one, with or without a project, and the resource areas."""

from __future__ import annotations

from sandbox.devops.locations import responses
from sandbox.routing import Location, Route

_LOCATIONS = Location("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}")

ROUTES = [
    Route("OPTIONS", "_apis", responses.list_locations, _LOCATIONS, ["allHostTypes"], published=False),
    Route("OPTIONS", "_apis/{area}", responses.list_locations, _LOCATIONS, ["allHostTypes"], published=False),
    Route("OPTIONS", "{project}/_apis", responses.list_locations, _LOCATIONS, ["allHostTypes"], published=False),
    Route("OPTIONS", "{project}/_apis/{area}", responses.list_locations, _LOCATIONS, ["allHostTypes"], published=False),
    Route("GET", "_apis/ResourceAreas", responses.list_areas, _LOCATIONS, published=False),
    Route("GET", "_apis/ResourceAreas/{areaId}", responses.get_area, _LOCATIONS, published=False),
]
