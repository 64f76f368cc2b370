"""Snapshots in the data plane."""

from __future__ import annotations

from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.snapshots import responses
from sandbox.azure.workspaces.state import TYPE

_BASE = f"/content/v2.0{WORKSPACE}/snapshots"
_READ, _WRITE = f"{TYPE}/metadata/snapshots/read", f"{TYPE}/metadata/snapshots/write"

ROUTES = [
    Route("GET", f"/content/v1.0{WORKSPACE}/snapshots/latest/metadata", responses.get_latest, _READ),
    Route("POST", f"{_BASE}/getblob", responses.get_uploads, _WRITE),
    Route("POST", f"{_BASE}/{{snapshot}}", responses.create_snapshot, _WRITE),
    Route("POST", f"{_BASE}/{{snapshot}}/zip", responses.pack_snapshot, _READ),
]
