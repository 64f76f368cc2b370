"""Answers in the shape that the Python and the Node client ask for before their first real call."""

from __future__ import annotations

from typing import Any

from sandbox.devops.locations.state import AREAS, Area, find_area
from sandbox.routing import LATEST_VERSION, Location
from sandbox.wire import Answer, Call, collection


def list_locations(call: Call) -> Answer:
    """All locations, or those of one area."""
    area = call.values.get("area", "").lower()
    found = [each for each in call.locations if area in ("", each.area.lower())]
    return Answer(collection([_location(each) for each in found]))


def list_areas(call: Call) -> Answer:
    return Answer(collection([_area(each, call) for each in AREAS]))


def get_area(call: Call) -> Answer:
    return Answer(_area(find_area(call.values["areaId"]), call))


def _location(location: Location) -> dict[str, Any]:
    return {
        "id": location.id,
        "area": location.area,
        "resourceName": location.resource,
        "routeTemplate": location.template,
        "resourceVersion": location.version,
        "minVersion": 1.0,
        "maxVersion": LATEST_VERSION,
        "releasedVersion": str(location.released_version),
    }


def _area(area: Area, call: Call) -> dict[str, Any]:
    return {"id": area.id, "name": area.name, "locationUrl": f"{call.collection_url}/"}
