"""Answers of the build area. Builds come from the agent: clients read, tag, rename and cancel them."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sandbox.devops.build import errors
from sandbox.devops.build.documents import Artifact, Attachment, Build, Log, Record
from sandbox.devops.build.models import BuildUpdate
from sandbox.devops.core.responses import project_reference
from sandbox.devops.dialect import dialect_of
from sandbox.devops.enumerations import BUILD_ORDER, BUILD_REASON, BUILD_RESULT, BUILD_STATUS, chosen
from sandbox.wire import Answer, Call, bad_request, collection, format_time, without_null

# Builds


def list_builds(call: Call) -> Answer:
    """Times are those by which is sorted: minTime and maxTime belong to the order."""
    builds = call.world.builds.all()
    definitions, ids, tags = call.names("definitions"), call.names("buildIds"), call.names("tagFilters")
    statuses, results = chosen(call, "statusFilter", BUILD_STATUS), chosen(call, "resultFilter", BUILD_RESULT)
    reasons = chosen(call, "reasonFilter", BUILD_REASON)
    branch, number = call.query.get("branchname"), call.query.get("buildnumber", "")
    first, last = call.time("minTime"), call.time("maxTime")
    order = (chosen(call, "queryOrder", BUILD_ORDER) or ["finishTimeDescending"])[0]
    field = {"f": "finish_time", "q": "queue_time", "s": "start_time"}[order[0]]

    def time(build: Build) -> datetime:
        found: datetime | None = getattr(build, field)
        return found or build.queue_time

    builds = [
        build
        for build in builds
        if (not definitions or str(build.definition_id) in definitions)
        and (not ids or str(build.id) in ids)
        and set(tags) <= set(build.tags)
        and (not statuses or "all" in statuses or build.status in statuses)
        and (not results or build.result in results)
        and (not reasons or "all" in reasons or build.reason in reasons)
        and (not branch or build.source_branch == branch)
        and (not number or _matches(build.number, number))
        and (first is None or time(build) >= first)
        and (last is None or time(build) <= last)
    ]
    builds.sort(key=lambda build: (time(build), build.id), reverse="Desc" in order)
    return Answer(collection([build_body(call, build) for build in builds[: call.number("$top", len(builds))]]))


def get_build(call: Call) -> Answer:
    return Answer(build_body(call, call.world.builds.get(call.id("buildId"))))


def update_build(call: Call) -> Answer:
    request: BuildUpdate = call.json(BuildUpdate)
    build_id = call.id("buildId")
    if request.id not in (None, build_id):
        raise bad_request(f"The body is of build {request.id}, the address of build {build_id}.")
    if request.build_number is not None:
        call.world.builds.rename(build_id, request.build_number)
    if request.status is not None:
        call.world.builds.cancel(build_id)
    return Answer(build_body(call, call.world.builds.get(build_id)))


def list_changes(call: Call) -> Answer:
    """No history is kept of what was built before, so that a build has no changes of its own."""
    call.world.builds.get(call.id("buildId"))
    return Answer(collection([]))


# Tags


def list_tags(call: Call) -> Answer:
    return Answer(collection(list(call.world.builds.get(call.id("buildId")).tags)))


def add_tag(call: Call) -> Answer:
    call.world.builds.tag(call.id("buildId"), call.values["tag"])
    return list_tags(call)


def add_tags(call: Call) -> Answer:
    tags: list[str] = call.json(list[str])
    for tag in tags:
        call.world.builds.tag(call.id("buildId"), tag)
    return list_tags(call)


def remove_tag(call: Call) -> Answer:
    call.world.builds.untag(call.id("buildId"), call.values["tag"])
    return list_tags(call)


# Timeline and logs


def get_timeline(call: Call) -> Answer:
    build = call.world.builds.get(call.id("buildId"))
    _check_timeline(build, call.values.get("timelineId", build.timeline_id))
    records = call.world.builds.records(build.id)
    return Answer(
        {
            "id": build.timeline_id,
            "changeId": sum(1 for record in records if record.start_time) + 1,
            "lastChangedOn": format_time(max([each.finish_time or build.queue_time for each in records], default=None)),
            "url": f"{_url(call, build)}/Timeline/{build.timeline_id}",
            "records": [_record(call, build, record) for record in records],
        }
    )


def list_logs(call: Call) -> Answer:
    build = call.world.builds.get(call.id("buildId"))
    return Answer(collection([_log(call, build, log) for log in call.world.builds.logs(build.id)]))


def get_log(call: Call) -> Answer:
    """Lines from startLine to endLine, both counted from 1 and included; as JSON where that is asked for."""
    build = call.world.builds.get(call.id("buildId"))
    lines = call.world.builds.log_lines(build.id, call.id("logId"))
    first, last = call.number("startLine", 1), call.number("endLine", len(lines))
    lines = lines[max(first, 1) - 1 : last]
    if "json" in call.headers.get("accept", "").lower():
        return Answer(collection(lines))
    return Answer("".join(f"{line}\n" for line in lines).encode(), media_type="text/plain; charset=utf-8")


# Attachments and artifacts


def list_attachments(call: Call) -> Answer:
    build = call.world.builds.get(call.id("buildId"))
    found = call.world.builds.attachments(build.id, call.values["type"])
    return Answer(collection([_attachment(call, build, each) for each in found]))


def get_attachment(call: Call) -> Answer:
    build = call.world.builds.get(call.id("buildId"))
    _check_timeline(build, call.values["timelineId"])
    content = call.world.builds.attachment_content(
        build.id, call.values["recordId"], call.values["type"], call.values["name"]
    )
    return Answer(content, media_type="application/octet-stream")


def list_artifacts(call: Call) -> Answer:
    """All artifacts; with artifactName one of them, as JSON or, where that is asked for, as a zip."""
    build = call.world.builds.get(call.id("buildId"))
    name = call.query.get("artifactname")
    if name is None:
        return Answer(collection([_artifact(call, build, each) for each in call.world.builds.artifacts(build.id)]))
    artifact = call.world.builds.get_artifact(build.id, name)
    if call.query.get("$format", "").lower() == "zip" or "zip" in call.headers.get("accept", "").lower():
        return Answer(_zip(call, build, artifact), media_type="application/zip")
    return Answer(_artifact(call, build, artifact))


# The shapes of answers


def build_body(call: Call, build: Build) -> dict[str, Any]:
    project = project_reference(call)
    return without_null(
        {
            "id": build.id,
            "buildNumber": build.number,
            "status": build.status,
            "result": build.result if build.status == "completed" else None,
            "queueTime": format_time(build.queue_time),
            "startTime": format_time(build.start_time),
            "finishTime": format_time(build.finish_time),
            "url": _url(call, build),
            "uri": build.uri,
            "definition": definition_reference(call, build.definition_id, build.definition),
            "project": project,
            "sourceBranch": build.source_branch,
            "sourceVersion": build.source_version,
            "reason": build.reason,
            "priority": "normal",
            "requestedFor": {"displayName": build.requested_for},
            "orchestrationPlan": {"planId": build.plan_id},
            "plans": [{"planId": build.plan_id}],
            "logs": {"id": 0, "type": "Container", "url": f"{_url(call, build)}/logs"},
            "repository": repository_reference(call, build.repository),
            "retainedByRelease": False,
            "tags": list(build.tags),
            "_links": _links(call, build),
        }
    )


def _links(call: Call, build: Build) -> dict[str, Any] | None:
    """For browsers' clients, who get no other addresses; by the documents, links have no members."""
    if not dialect_of(call.headers.get("accept", "")).exclude_urls:
        return None
    web = f"{call.collection_url}/{call.world.project.name}/_build/results?buildId={build.id}"
    return {"self": {"href": _url(call, build)}, "web": {"href": web}}


def definition_reference(call: Call, definition_id: int, name: str) -> dict[str, Any]:
    """What a build says of its pipeline."""
    return {
        "id": definition_id,
        "name": name,
        "path": "\\",
        "type": "build",
        "queueStatus": "enabled",
        "revision": 1,
        "project": project_reference(call),
    }


def repository_reference(call: Call, name: str) -> dict[str, Any]:
    known = next((each for each in call.world.git.all() if each.name == name), None)
    return {"id": known.id if known else name, "type": "TfsGit", "name": name}


def _record(call: Call, build: Build, record: Record) -> dict[str, Any]:
    return without_null(
        {
            "id": record.id,
            "parentId": record.parent,
            "type": record.type,
            "name": record.name,
            "identifier": record.ref_name,
            "order": record.order,
            "attempt": record.attempt,
            "state": record.state,
            "result": record.result,
            "startTime": format_time(record.start_time),
            "finishTime": format_time(record.finish_time),
            "percentComplete": record.percent_complete,
            "currentOperation": record.current_operation,
            "workerName": record.worker_name,
            "errorCount": record.error_count,
            "warningCount": record.warning_count,
            "issues": [
                {"type": issue.type, "category": "General", "message": issue.message, "data": issue.data}
                for issue in record.issues
            ],
            "task": record.task.model_dump() if record.task else None,
            "log": {"id": record.log_id, "type": "Container", "url": f"{_url(call, build)}/logs/{record.log_id}"}
            if record.log_id
            else None,
            "previousAttempts": [],
        }
    )


def _log(call: Call, build: Build, log: Log) -> dict[str, Any]:
    return {
        "id": log.id,
        "type": "Container",
        "lineCount": log.line_count,
        "createdOn": format_time(log.created_on),
        "lastChangedOn": format_time(log.changed_on),
        "url": f"{_url(call, build)}/logs/{log.id}",
    }


def _attachment(call: Call, build: Build, attachment: Attachment) -> dict[str, Any]:
    place = f"{build.timeline_id}/{attachment.record_id}/attachments"
    href = f"{_url(call, build)}/{place}/{quote(attachment.type)}/{quote(attachment.name)}"
    return {"name": attachment.name, "_links": {"self": {"href": href}}}


def _artifact(call: Call, build: Build, artifact: Artifact) -> dict[str, Any]:
    url = f"{_url(call, build)}/artifacts?artifactName={quote(artifact.name)}&api-version=7.1"
    return {
        "id": artifact.id,
        "name": artifact.name,
        "resource": {
            "type": "Container",
            "data": f"#/{build.id}/{artifact.name}",
            "properties": {"artifactsize": str(artifact.size)},
            "url": url,
            "downloadUrl": f"{url}&$format=zip",
        },
    }


def _zip(call: Call, build: Build, artifact: Artifact) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in artifact.files:
            content = call.world.builds.artifact_file(build.id, artifact.name, path)
            archive.writestr(f"{artifact.name}/{path}", content)
    return buffer.getvalue()


def _url(call: Call, build: Build) -> str:
    return f"{call.project_url}/_apis/build/builds/{build.id}"


def _check_timeline(build: Build, timeline_id: str) -> None:
    if timeline_id.lower() != build.timeline_id:
        raise errors.timeline_not_found(timeline_id)


def _matches(number: str, pattern: str) -> bool:
    return number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern
