"""Answers of the orchestrator."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.devops.build.documents import Attachment, Build, Log, Record
from sandbox.devops.distributedtask.models import FeedLines, JobEvent, LogRequest, RecordUpdates
from sandbox.devops.distributedtask.state import find_plan, post_event, update_record
from sandbox.wire import Answer, Call, bad_request, collection, format_time, without_null


def create_log(call: Call) -> Answer:
    request: LogRequest = call.json(LogRequest)
    if not request.path:
        raise bad_request("A log needs a path.")
    build = _plan(call)
    return Answer(_log(call, build, call.world.builds.create_log(build.id, request.path)))


def append_log(call: Call) -> Answer:
    build = _plan(call)
    lines = call.body.decode("utf-8", "replace").splitlines()
    return Answer(_log(call, build, call.world.builds.append_log(build.id, call.id("logId"), lines)))


def list_records(call: Call) -> Answer:
    build = _plan(call)
    return Answer(collection([_record(call, build, each) for each in call.world.builds.records(build.id)]))


def update_records(call: Call) -> Answer:
    updates: RecordUpdates = call.json(RecordUpdates)
    build = _plan(call)
    with call.world.store.changing():
        changed = [update_record(call.world.builds, build, update) for update in updates.value]
    return Answer(collection([_record(call, build, record) for record in changed]))


def append_feed(call: Call) -> Answer:
    """Lines for the live console, which the service does not keep either."""
    call.json(FeedLines)
    call.world.builds.get_record(_plan(call).id, call.values["recordId"])
    return Answer(status=204)


def post_job_event(call: Call) -> Answer:
    event: JobEvent = call.json(JobEvent)
    post_event(call.world.builds, _plan(call), event)
    return Answer(status=204)


def create_token(call: Call) -> Answer:
    """An identity token of the job; claims that a client asks for are not played."""
    if call.body and call.json(dict[str, str]):
        raise bad_request("Claims of an identity token are not played.")
    build = _plan(call)
    call.world.builds.get_record(build.id, call.values["jobId"])
    token = call.world.identity_tokens.issue(build, call.query.get("serviceconnectionid"))
    return Answer({"oidcToken": token}, private=("oidcToken",))


def put_attachment(call: Call) -> Answer:
    build = _plan(call)
    attachment = call.world.builds.attach(
        build.id, call.values["recordId"], call.values["type"], call.values["name"], call.body
    )
    return Answer(_attachment(call, build, attachment), status=201)


def list_attachments(call: Call) -> Answer:
    """Of a plan, or of one record of it."""
    build = _plan(call)
    record_id = call.values.get("recordId", "").lower()
    found = call.world.builds.attachments(build.id, call.values["type"])
    return Answer(collection([_attachment(call, build, each) for each in found if record_id in ("", each.record_id)]))


def get_attachment(call: Call) -> Answer:
    """The content, or what is known of it where JSON is asked for."""
    build, values = _plan(call), call.values
    content = call.world.builds.attachment_content(build.id, values["recordId"], values["type"], values["name"])
    if "application/json" not in call.headers.get("accept", "").lower():
        return Answer(content, media_type="application/octet-stream")
    found = next(
        each
        for each in call.world.builds.attachments(build.id, values["type"])
        if (each.record_id, each.name.lower()) == (values["recordId"].lower(), values["name"].lower())
    )
    return Answer(_attachment(call, build, found))


def _plan(call: Call) -> Build:
    call.world.project.check(call.values["scopeIdentifier"])
    return find_plan(call.world.builds, call.values["hubName"], call.values["planId"], call.values.get("timelineId"))


def _log(call: Call, build: Build, log: Log) -> dict[str, Any]:
    return {
        "id": log.id,
        "path": log.path,
        "lineCount": log.line_count,
        "createdOn": format_time(log.created_on),
        "lastChangedOn": format_time(log.changed_on),
        "location": f"{_url(call, build)}/logs/{log.id}",
    }


def _record(call: Call, build: Build, record: Record) -> dict[str, Any]:
    return without_null(
        {
            "id": record.id,
            "parentId": record.parent,
            "type": record.type,
            "name": record.name,
            "refName": record.ref_name,
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
            "log": {"id": record.log_id, "location": f"{_url(call, build)}/logs/{record.log_id}"}
            if record.log_id
            else None,
            "task": record.task.model_dump() if record.task else None,
            "location": f"{_url(call, build)}/timelines/{build.timeline_id}/records/{record.id}",
        }
    )


def _attachment(call: Call, build: Build, attachment: Attachment) -> dict[str, Any]:
    place = f"timelines/{build.timeline_id}/records/{attachment.record_id}/attachments"
    href = f"{_url(call, build)}/{place}/{quote(attachment.type)}/{quote(attachment.name)}"
    return {
        "_links": {"self": {"href": href}},
        "type": attachment.type,
        "name": attachment.name,
        "createdOn": format_time(attachment.created_on),
        "lastChangedOn": format_time(attachment.created_on),
        "timelineId": build.timeline_id,
        "recordId": attachment.record_id,
    }


def _url(call: Call, build: Build) -> str:
    return f"{call.project_url}/_apis/distributedtask/hubs/build/plans/{build.plan_id}"
