"""The one subscription, and resource groups."""

from __future__ import annotations

import uuid

from sandbox.azure.resources import Resources
from sandbox.store import Document, Store, Table

NAME = "Sandbox"


class Subscription(Document):
    id: str
    name: str
    tenant: str

    @property
    def path(self) -> str:
        return f"/subscriptions/{self.id}"

    def group(self, name: str) -> str:
        """The id of a resource group, there or not."""
        return f"{self.path}/resourceGroups/{name}"


def open_subscription(store: Store) -> Subscription:
    """The kept subscription, made when the store is new."""
    table = Table(store, "azure-subscription", Subscription)
    subscription = table.get("", NAME)
    if subscription is None:
        subscription = Subscription(id=str(uuid.uuid4()), name=NAME, tenant=str(uuid.uuid4()))
        table.put("", NAME, subscription)
    return subscription


def create_group(resources: Resources, subscription: Subscription, name: str, location: str) -> str:
    """The id of a resource group, made where there is none."""
    path = subscription.group(name)
    if resources.get(path) is None:
        resources.put(path, {"provisioningState": "Succeeded"}, {"location": location})
    return path
