"""All state of one sandbox's Azure: a tenant with a subscription, and what the services keep in it."""

from __future__ import annotations

from sandbox.azure.arm.state import open_subscription
from sandbox.azure.entra.state import Directory
from sandbox.azure.operations import Operations
from sandbox.azure.resources import Resources
from sandbox.azure.roles import Roles
from sandbox.azure.tokens import AccessTokens
from sandbox.azure.workspaces.state import Workspaces
from sandbox.clock import Clock
from sandbox.store import Store


class Cloud:
    """What is `world.azure`. location: the one region that there is."""

    location = "westeurope"

    def __init__(self, store: Store, clock: Clock) -> None:
        self.subscription = open_subscription(store)
        self.tenant = self.subscription.tenant
        self.tokens = AccessTokens(store, clock)
        self.directory = Directory(store, clock, self.tenant)
        self.roles = Roles(store)
        self.resources = Resources(store, clock)
        self.operations = Operations(store, clock)
        self.workspaces = Workspaces(self.resources, self.subscription, self.location)
