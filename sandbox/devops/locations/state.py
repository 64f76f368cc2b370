"""The areas and the address that serves them: here all of them are on one."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.devops.locations import errors


@dataclass(frozen=True)
class Area:
    id: str
    name: str


AREAS = (
    Area("c2aa639c-3ccc-4740-b3b6-ce2a1e1d984e", "Test"),
    Area("965220d5-5bb9-42cf-8d67-9b146df2a5a4", "build"),
    Area("efc2f575-36ef-48e9-b672-0c6fb4a48ac5", "Release"),
    Area("4e080c62-fa21-4fbc-8fef-2a10a2b38049", "git"),
    Area("79134c72-4a58-4b42-976c-04e7115f32bf", "core"),
    Area("a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd", "distributedtask"),
    Area("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "Location"),
)


def find_area(area_id: str) -> Area:
    for area in AREAS:
        if area.id == area_id.lower():
            return area
    raise errors.area_not_found(area_id)
