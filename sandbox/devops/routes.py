"""Every operation that the sandbox plays."""

from __future__ import annotations

from sandbox.devops.locations import routes as locations

ROUTES = [*locations.ROUTES]
