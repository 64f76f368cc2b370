"""What tasks, tabs and people read of builds, and the little that they change."""

from __future__ import annotations

from sandbox.devops.build import definitions, responses
from sandbox.routing import Location, Route

_AT = "{project}/_apis/{area}"
_BUILDS = Location("0cd358e1-9217-4d94-8269-1c1ee6f93dcf", "build", "Builds", f"{_AT}/{{resource}}/{{buildId}}", 7)
_CHANGES = Location(
    "54572c7b-bbd3-45d4-80dc-28be08941620", "build", "changes", f"{_AT}/builds/{{buildId}}/{{resource}}", 2
)
_TAGS = Location(
    "6e6114b2-8161-44c8-8f6c-c5505782427f", "build", "tags", f"{_AT}/builds/{{buildId}}/{{resource}}/{{*tag}}", 3
)
_TIMELINE = Location(
    "8baac422-4c6e-4de5-8532-db96d92acffa",
    "build",
    "Timeline",
    f"{_AT}/builds/{{buildId}}/{{resource}}/{{timelineId}}",
    2,
)
_LOGS = Location(
    "35a80daf-7f30-45fc-86e8-6b813d9c90df", "build", "logs", f"{_AT}/builds/{{buildId}}/{{resource}}/{{logId}}", 2
)
_ATTACHMENTS = Location(
    "f2192269-89fa-4f94-baf6-8fb128c55159",
    "build",
    "attachments",
    f"{_AT}/builds/{{buildId}}/{{resource}}/{{type}}",
    2,
)
_ATTACHMENT = Location(
    "af5122d3-3438-485e-a25a-2dbbfde84ee6",
    "build",
    "attachments",
    f"{_AT}/builds/{{buildId}}/{{timelineId}}/{{recordId}}/{{resource}}/{{type}}/{{name}}",
    2,
)
_ARTIFACTS = Location(
    "1db06c96-014e-44e1-ac91-90b2d4b3e984", "build", "artifacts", f"{_AT}/builds/{{buildId}}/{{resource}}", 5
)

_DEFINITIONS = Location(
    "dbeaf647-6167-421a-bda9-c9327b25e2e6", "build", "Definitions", f"{_AT}/{{resource}}/{{definitionId}}", 7
)

_FILTERS = ["definitions", "buildIds", "tagFilters", "statusFilter", "resultFilter", "reasonFilter", "branchName"]
_TIMES = ["minTime", "maxTime", "buildNumber"]
_BUILD = "{project}/_apis/build/builds/{buildId}"

ROUTES = [
    Route(
        "GET",
        "{project}/_apis/build/builds",
        responses.list_builds,
        _BUILDS,
        [*_FILTERS, *_TIMES, "queryOrder", "$top"],
    ),
    Route("GET", _BUILD, responses.get_build, _BUILDS),
    Route(
        "GET",
        "{project}/_apis/build/definitions",
        definitions.list_definitions,
        _DEFINITIONS,
        ["name", "definitionIds", "queryOrder", "$top"],
    ),
    Route("GET", "{project}/_apis/build/definitions/{definitionId}", definitions.get_definition, _DEFINITIONS),
    Route("PATCH", _BUILD, responses.update_build, _BUILDS),
    Route("GET", f"{_BUILD}/changes", responses.list_changes, _CHANGES, ["$top"]),
    Route("GET", f"{_BUILD}/tags", responses.list_tags, _TAGS),
    Route("POST", f"{_BUILD}/tags", responses.add_tags, _TAGS),
    Route("PUT", f"{_BUILD}/tags/{{tag}}", responses.add_tag, _TAGS),
    Route("DELETE", f"{_BUILD}/tags/{{tag}}", responses.remove_tag, _TAGS),
    Route("GET", f"{_BUILD}/timeline", responses.get_timeline, _TIMELINE, published=False),
    Route("GET", f"{_BUILD}/timeline/{{timelineId}}", responses.get_timeline, _TIMELINE),
    Route("GET", f"{_BUILD}/logs", responses.list_logs, _LOGS),
    Route("GET", f"{_BUILD}/logs/{{logId}}", responses.get_log, _LOGS, ["startLine", "endLine"]),
    Route("GET", f"{_BUILD}/attachments/{{type}}", responses.list_attachments, _ATTACHMENTS),
    Route(
        "GET",
        f"{_BUILD}/{{timelineId}}/{{recordId}}/attachments/{{type}}/{{name}}",
        responses.get_attachment,
        _ATTACHMENT,
    ),
    Route("GET", f"{_BUILD}/artifacts", responses.list_artifacts, _ARTIFACTS, ["artifactName", "$format"]),
]
