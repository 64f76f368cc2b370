"""Answers about storage accounts; their blobs are forwarded."""

from __future__ import annotations

from sandbox.azure.arm.errors import resource_not_found
from sandbox.azure.storage.state import TYPE, Account
from sandbox.azure.wire import JSON, Call, reply
from sandbox.wire import Answer


def get_account(call: Call) -> Answer:
    found = call.azure.resources.get(_account(call).path)
    assert found is not None  # they are made together
    return reply(found.body)


def list_keys(call: Call) -> Answer:
    keys = [{"keyName": "key1", "value": _account(call).key, "permissions": "FULL"}]
    return Answer({"keys": keys}, media_type=JSON, private=("value",))


def _account(call: Call) -> Account:
    found = call.azure.storage.account(call.values["account"])
    if found is None or found.path.lower() not in call.path.lower():
        raise resource_not_found(TYPE, call.values["account"], call.values["group"])
    return found
