"""Answers of the instance metadata service."""

from __future__ import annotations

from sandbox.azure.clouds import PUBLIC
from sandbox.azure.imds import errors
from sandbox.azure.wire import JSON, Call
from sandbox.wire import Answer


def get_token(call: Call) -> Answer:
    """For the identity named by one of its ids, or the machine's first."""
    if call.headers.get("metadata", "").lower() != "true":
        raise errors.no_header()
    wanted = call.query.get("client_id") or call.query.get("object_id")
    known = call.azure.directory.of_machine()
    identities = [each for each in known if wanted in (None, each.client_id, each.object_id)]
    if not identities:
        raise errors.no_identity()
    resource = call.query.get("resource", "")
    if resource.rstrip("/") not in PUBLIC.resources:
        raise errors.unknown_resource(resource, call.azure.tenant)
    life, now = call.azure.tokens.life, int(call.world.clock.time())
    content = {
        "access_token": call.azure.tokens.issue(identities[0].caller, resource),
        "client_id": identities[0].client_id,
        "expires_in": str(life),
        "expires_on": str(now + life),
        "ext_expires_in": str(life),
        "not_before": str(now),
        "resource": resource,
        "token_type": "Bearer",
    }
    return Answer(content, media_type=JSON, private=("access_token",))
