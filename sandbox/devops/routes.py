"""Every operation that the sandbox plays."""

from __future__ import annotations

from sandbox.devops.locations import routes as locations
from sandbox.devops.test import routes as test

ROUTES = [*locations.ROUTES, *test.ROUTES]
