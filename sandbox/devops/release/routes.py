"""Releases and their tasks' attachments, to be read."""

from __future__ import annotations

from sandbox.devops.release import responses
from sandbox.routing import Location, Route

_AT = "{project}/_apis/{area}"
_PLAN = "releases/{releaseId}/environments/{environmentId}/attempts/{attemptId}/plan/{planId}"
_RELEASES = Location(
    "a166fde7-27ad-408e-ba75-703c2cc9d500", "Release", "releases", f"{_AT}/{{resource}}/{{releaseId}}", 8
)
_ATTACHMENTS = Location(
    "a4d06688-0dfa-4895-82a5-f43ec9452306",
    "Release",
    "attachments",
    f"{_AT}/{_PLAN}/{{resource}}/{{type}}",
)
_CONTENT = Location(
    "60b86efb-7b8c-4853-8f9f-aa142b77b479",
    "Release",
    "attachments",
    f"{_AT}/{_PLAN}/timelines/{{timelineId}}/records/{{recordId}}/{{resource}}/{{type}}/{{name}}",
)

_RELEASE = "{project}/_apis/Release/releases/{releaseId}"
_DEPLOYMENT = f"{{project}}/_apis/Release/{_PLAN}"
_FILTERS = ["definitionId", "sourceBranchFilter", "releaseIdFilter", "minCreatedTime", "maxCreatedTime"]

ROUTES = [
    Route(
        "GET",
        "{project}/_apis/Release/releases",
        responses.list_releases,
        _RELEASES,
        [*_FILTERS, "queryOrder", "$top", "$expand"],
    ),
    Route("GET", _RELEASE, responses.get_release, _RELEASES),
    Route("GET", f"{_DEPLOYMENT}/attachments/{{type}}", responses.list_attachments, _ATTACHMENTS),
    Route(
        "GET",
        f"{_DEPLOYMENT}/timelines/{{timelineId}}/records/{{recordId}}/attachments/{{type}}/{{name}}",
        responses.get_attachment,
        _CONTENT,
    ),
]
