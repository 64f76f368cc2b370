"""Every operation that the sandbox plays."""

from __future__ import annotations

from sandbox.devops.approvals import routes as approvals
from sandbox.devops.build import routes as build
from sandbox.devops.core import routes as core
from sandbox.devops.distributedtask import routes as distributedtask
from sandbox.devops.git import routes as git
from sandbox.devops.locations import routes as locations
from sandbox.devops.release import routes as release
from sandbox.devops.test import routes as test

ROUTES = [
    *locations.ROUTES,
    *core.ROUTES,
    *build.ROUTES,
    *test.ROUTES,
    *release.ROUTES,
    *git.ROUTES,
    *distributedtask.ROUTES,
    *approvals.ROUTES,
]
