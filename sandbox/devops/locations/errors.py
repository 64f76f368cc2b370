"""What the location service refuses."""

from __future__ import annotations

from sandbox.wire import ServiceError


def area_not_found(area_id: str) -> ServiceError:
    return ServiceError(404, "ResourceAreaNotFoundException", f"There is no resource area with the id {area_id}.")
