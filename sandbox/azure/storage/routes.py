"""Storage accounts in ARM."""

from __future__ import annotations

from sandbox.azure.routing import GROUP, Route
from sandbox.azure.storage import responses
from sandbox.azure.storage.state import TYPE
from sandbox.azure.versions import STORAGE

_ACCOUNT = GROUP + f"/providers/{TYPE}/{{account}}"

ROUTES = [
    Route("GET", _ACCOUNT, responses.get_account, f"{TYPE}/read", STORAGE, ["$expand"]),
    Route("POST", _ACCOUNT + "/listKeys", responses.list_keys, f"{TYPE}/listKeys/action", STORAGE, ["$expand"]),
]
