"""Tokens of managed identities."""

from __future__ import annotations

from sandbox.azure.imds import responses
from sandbox.azure.imds.errors import MetadataError
from sandbox.azure.routing import Host, Route
from sandbox.azure.versions import IMDS

ROUTES = [
    Route(
        "GET",
        "/metadata/identity/oauth2/token",
        responses.get_token,
        versions=IMDS,
        query=["resource", "client_id", "object_id"],
    )
]
HOST = Host("169.254.169.254", ROUTES, error=MetadataError)
