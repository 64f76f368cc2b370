"""Approvals, as the REST documentation of version 7.1 has them; the published specification files leave them out."""

from __future__ import annotations

from sandbox.devops.approvals import responses
from sandbox.routing import Location, Route

_APPROVALS = Location(
    "37794717-f36f-4d78-b2bf-4dc30d0cfbcd",
    "PipelinesApproval",
    "approvals",
    "{project}/_apis/pipelines/{resource}/{approvalId}",
)
_PATH = "{project}/_apis/pipelines/approvals"
_LIST_QUERY = ["approvalIds", "state", "$expand"]

ROUTES = [
    Route("GET", _PATH, responses.list_approvals, _APPROVALS, _LIST_QUERY, published=False),
    Route("GET", f"{_PATH}/{{approvalId}}", responses.get_approval, _APPROVALS, ["$expand"], published=False),
    Route("PATCH", _PATH, responses.update_approvals, _APPROVALS, published=False),
]
