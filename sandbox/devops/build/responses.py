"""Answers of the build area. Builds come from the agent: clients read, tag, rename and cancel them."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from urllib.parse import quote

from sandbox.devops.build import errors
from sandbox.devops.build.models import BuildUpdate
from sandbox.devops.build.state import Artifact, Attachment, Build, Log, Record
from sandbox.devops.core.responses import project_reference
from sandbox.wire import Answer, Call, bad_request, collection, format_time, without_null

ORDERS = ("finishTimeAscending", "finishTimeDescending", "queueTimeDescending", "queueTimeAscending",
          "startTimeAscending", "startTimeDescending")  # fmt: skip
STATUSES = ("none", "inProgress", "completed", "cancelling", "postponed", "notStarted", "all")
RESULTS = ("none", "succeeded", "partiallySucceeded", "failed", "canceled")


# Builds


def list_builds(call: Call) -> Answer:
    builds = call.world.builds.all()
    definitions, ids, tags = call.names("definitions"), call.names("buildIds"), call.names("tagFilters")
    status, result = _choice(call, "statusFilter", STATUSES), _choice(call, "resultFilter", RESULTS)
    branch, number = call.query.get("branchname"), call.query.get("buildnumber", "")
    builds = [
        build
        for build in builds
        if (not definitions or str(build.definition_id) in definitions)
        and (not ids or str(build.id) in ids)
        and set(tags) <= set(build.tags)
        and (status in (None, "all") or build.status == status)
        and (result is None or build.result == result)
        and (not branch or build.source_branch == branch)
        and (not number or _matches(build.number, number))
    ]
    order = _choice(call, "queryOrder", ORDERS) or "finishTimeDescending"
    field = {"f": "finish_time", "q": "queue_time", "s": "start_time"}[order[0]]
    builds.sort(key=lambda build: (getattr(build, field) or build.queue_time, build.id), reverse="Desc" in order)
    return Answer(collection([_build(call, build) for build in builds[: call.number("$top", len(builds))]]))


def get_build(call: Call) -> Answer:
    return Answer(_build(call, call.world.builds.get(call.id("buildId"))))


def update_build(call: Call) -> Answer:
    request: BuildUpdate = call.json(BuildUpdate)
    build_id = call.id("buildId")
    if request.id not in (None, build_id):
        raise bad_request(f"The body is of build {request.id}, the address of build {build_id}.")
    if request.build_number is not None:
        call.world.builds.rename(build_id, request.build_number)
    if request.status is not None:
        call.world.builds.cancel(build_id)
    return Answer(_build(call, call.world.builds.get(build_id)))


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


def _build(call: Call, build: Build) -> dict[str, Any]:
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
            "definition": {
                "id": build.definition_id,
                "name": build.definition,
                "path": "\\",
                "type": "build",
                "queueStatus": "enabled",
                "revision": 1,
                "project": project,
            },
            "project": project,
            "sourceBranch": build.source_branch,
            "sourceVersion": build.source_version,
            "reason": build.reason,
            "priority": "normal",
            "requestedFor": {"displayName": build.requested_for},
            "orchestrationPlan": {"planId": build.plan_id},
            "plans": [{"planId": build.plan_id}],
            "logs": {"id": 0, "type": "Container", "url": f"{_url(call, build)}/logs"},
            "repository": _repository(call, build),
            "retainedByRelease": False,
            "tags": list(build.tags),
        }
    )


def _repository(call: Call, build: Build) -> dict[str, Any]:
    known = next((each for each in call.world.git.all() if each.name == build.repository), None)
    return without_null({"id": known.id if known else build.repository, "type": "TfsGit", "name": build.repository})


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


def _choice(call: Call, name: str, words: tuple[str, ...]) -> str | None:
    text = call.query.get(name.lower())
    if not text:
        return None
    found = {word.lower(): word for word in words}.get(text.lower())
    if found is None:
        raise bad_request(f"{name} {text!r} is none of {', '.join(words)}.")
    return found


def _matches(number: str, pattern: str) -> bool:
    return number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern
