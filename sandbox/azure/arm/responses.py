"""Answers of Resource Manager itself."""

from __future__ import annotations

from typing import Any

from sandbox.azure.arm import errors
from sandbox.azure.paging import page
from sandbox.azure.wire import Call, reply
from sandbox.wire import Answer, Text, Wire


def list_subscriptions(call: Call) -> Answer:
    return page(call, [_subscription(call)])


def get_subscription(call: Call) -> Answer:
    return reply(_subscription(call))


def list_groups(call: Call) -> Answer:
    return page(
        call, [each.body for each in call.azure.resources.all(f"{call.azure.subscription.path}/resourceGroups")]
    )


def get_group(call: Call) -> Answer:
    found = call.azure.resources.get(call.azure.subscription.group(call.values["group"]))
    if found is None:
        raise errors.group_not_found(call.values["group"])
    return reply(found.body)


class _Group(Wire):
    location: Text
    tags: dict[str, str] = {}


def put_group(call: Call) -> Answer:
    asked: _Group = call.json(_Group)
    path = call.azure.subscription.group(call.values["group"])
    known = call.azure.resources.get(path) is not None
    more = {"location": asked.location, "tags": asked.tags}
    changed = call.azure.resources.put(path, {"provisioningState": "Succeeded"}, more, by=call.caller_id)
    return reply(changed.body, 200 if known else 201)


def _subscription(call: Call) -> dict[str, Any]:
    subscription = call.azure.subscription
    return {
        "id": subscription.path,
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.name,
        "state": "Enabled",
    }
