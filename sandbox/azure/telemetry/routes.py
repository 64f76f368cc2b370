"""Telemetry's host."""

from __future__ import annotations

from sandbox.azure.routing import Host, Route
from sandbox.azure.telemetry import responses

HOST = Host("dc.services.visualstudio.com", [Route("POST", "/v2/track", responses.track, public=True)])
