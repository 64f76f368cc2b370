"""A hub's plans. Attachments, the feed and reading records are not in Microsoft's published documents."""

from __future__ import annotations

from sandbox.devops.distributedtask import responses
from sandbox.routing import Location, Route

_AREA = "distributedtask"
_AT = "{scopeIdentifier}/_apis/distributedtask/hubs/{hubName}/plans/{planId}"
_TIMELINE = f"{_AT}/timelines/{{timelineId}}"
_RECORD = f"{_TIMELINE}/records/{{recordId}}"
_LOGS = Location("46f5667d-263a-4684-91b1-dff7fdcf64e2", _AREA, "logs", f"{_AT}/{{resource}}/{{logId}}")
_RECORDS = Location("8893bc5b-35b2-4be7-83cb-99e683551db4", _AREA, "records", f"{_TIMELINE}/{{resource}}/{{recordId}}")
_FEED = Location("858983e4-19bd-4c5e-864c-507b59b58b12", _AREA, "feed", f"{_RECORD}/{{resource}}")
_EVENTS = Location("557624af-b29e-4c20-8ab0-0399d2204f3f", _AREA, "events", f"{_AT}/{{resource}}")
_ATTACHMENTS = Location(
    "7898f959-9cdf-4096-b29e-7f293031629e",
    _AREA,
    "attachments",
    f"{_RECORD}/{{resource}}/{{type}}/{{name}}",
    released=False,
)
_PLAN_ATTACHMENTS = Location(
    "eb55e5d6-2f30-4295-b5ed-38da50b1fc52", _AREA, "attachments", f"{_AT}/{{resource}}/{{type}}", released=False
)
_IDENTITY = Location("69a319f4-28c1-4bfd-93e6-ea0ff5c6f1a2", _AREA, "oidctoken", f"{_AT}/jobs/{{jobId}}/{{resource}}")

ROUTES = [
    Route("POST", f"{_AT}/logs", responses.create_log, _LOGS),
    Route("POST", f"{_AT}/logs/{{logId}}", responses.append_log, _LOGS),
    Route("GET", f"{_TIMELINE}/records", responses.list_records, _RECORDS, published=False),
    Route("PATCH", f"{_TIMELINE}/records", responses.update_records, _RECORDS),
    Route("POST", f"{_RECORD}/feed", responses.append_feed, _FEED, published=False),
    Route("POST", f"{_AT}/events", responses.post_job_event, _EVENTS),
    Route("POST", f"{_AT}/jobs/{{jobId}}/oidctoken", responses.create_token, _IDENTITY, ["serviceConnectionId"]),
    Route("PUT", f"{_RECORD}/attachments/{{type}}/{{name}}", responses.put_attachment, _ATTACHMENTS, published=False),
    Route("GET", f"{_RECORD}/attachments/{{type}}/{{name}}", responses.get_attachment, _ATTACHMENTS, published=False),
    Route("GET", f"{_RECORD}/attachments/{{type}}", responses.list_attachments, _ATTACHMENTS, published=False),
    Route("GET", f"{_AT}/attachments/{{type}}", responses.list_attachments, _PLAN_ATTACHMENTS, published=False),
]
