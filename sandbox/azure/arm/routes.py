"""Subscriptions and resource groups."""

from __future__ import annotations

from sandbox.azure.arm import responses
from sandbox.azure.paging import PARAMETERS
from sandbox.azure.routing import GROUP, SUBSCRIPTION, Route
from sandbox.azure.versions import RESOURCES

_READ, _WRITE = ("Microsoft.Resources/subscriptions/resourceGroups/" + verb for verb in ("read", "write"))

ROUTES = [
    Route("GET", "/subscriptions", responses.list_subscriptions, versions=RESOURCES),
    Route("GET", SUBSCRIPTION, responses.get_subscription, "Microsoft.Resources/subscriptions/read", RESOURCES),
    Route("GET", SUBSCRIPTION + "/resourceGroups", responses.list_groups, _READ, RESOURCES, PARAMETERS),
    Route("GET", GROUP, responses.get_group, _READ, RESOURCES),
    Route("PUT", GROUP, responses.put_group, _WRITE, RESOURCES),
]
