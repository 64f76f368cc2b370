"""Secrets in the data plane."""

from __future__ import annotations

from sandbox.azure.credentials import responses
from sandbox.azure.routing import WORKSPACE, Route
from sandbox.azure.workspaces.state import TYPE

_ALL, _ACTION = f"/credential/v2.0{WORKSPACE}/secrets", f"{TYPE}/metadata/secrets"
_SECRET = ("value",)

ROUTES = [
    Route("GET", _ALL, responses.list_secrets, f"{_ACTION}/read"),
    Route("PUT", _ALL, responses.put_secret, f"{_ACTION}/write", private=_SECRET),
    Route("PUT", f"{_ALL}:putbatch", responses.put_secrets, f"{_ACTION}/write", private=_SECRET),
    Route("POST", f"{_ALL}:getbatch", responses.get_secrets, f"{_ACTION}/read", private=_SECRET),
    Route("GET", f"{_ALL}/{{secret}}", responses.get_secret, f"{_ACTION}/read", private=_SECRET),
    Route("DELETE", f"{_ALL}/{{secret}}", responses.delete_secret, f"{_ACTION}/delete"),
]
