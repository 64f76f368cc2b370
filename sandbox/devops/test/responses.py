"""Answers of the test area."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sandbox.devops.enumerations import RESULT_DETAILS, TEST_OUTCOME, chosen
from sandbox.devops.test import errors
from sandbox.devops.test.models import (
    Attachment,
    AttachmentRequest,
    Result,
    Run,
    RunCreate,
    RunUpdate,
)
from sandbox.wire import Answer, Call, bad_request, collection, format_time, without_null

MAX_QUERY_SPAN = timedelta(days=7)
MAX_QUERY_IDS = 10
MAX_QUERY_RUNS = 100
MAX_RESULTS = 1000
MAX_DETAILED_RESULTS = 200
CONTINUATION = "x-ms-continuationtoken"
ATTACHMENT_TYPES = {"codecoverage": "codeCoverage", "consolelog": "consoleLog"}  # the others are general


# Runs


def create_run(call: Call) -> Answer:
    request: RunCreate = call.json(RunCreate)
    return Answer(_run(call, call.world.tests.create(request, call.identity)))


def list_runs(call: Call) -> Answer:
    """Runs_List, or Runs_Query where a minimum or maximum date is asked for."""
    if "minlastupdateddate" in call.query or "maxlastupdateddate" in call.query:
        return _query_runs(call)
    build_uri, owner = call.query.get("builduri", "").lower(), call.query.get("owner", "").lower()
    automated, details = call.optional_flag("automated"), call.flag("includeRunDetails")
    runs = [
        run
        for run in call.world.tests.all()
        if build_uri in ("", _build_uri(run).lower())
        and owner in ("", _owner(run)["displayName"].lower())
        and automated in (None, run.request.automated)
    ]
    skip = call.number("$skip", 0)
    runs = runs[skip : skip + call.number("$top", len(runs))]
    return Answer(collection([_run(call, run, details) for run in runs]))


def _query_runs(call: Call) -> Answer:
    first, last = call.time("minLastUpdatedDate"), call.time("maxLastUpdatedDate")
    if first is None or last is None:
        raise bad_request("A query of runs needs both minLastUpdatedDate and maxLastUpdatedDate.")
    if not timedelta(0) <= last - first <= MAX_QUERY_SPAN:
        raise bad_request(
            "minLastUpdatedDate and maxLastUpdatedDate are at most 7 days apart, the first before the last."
        )
    top = call.number("$top", MAX_QUERY_RUNS)
    if top > MAX_QUERY_RUNS:
        raise bad_request(f"$top is at most {MAX_QUERY_RUNS}, not {top}.")
    build_ids = call.names("buildIds")
    if len(build_ids) > MAX_QUERY_IDS:
        raise bad_request(f"buildIds has at most {MAX_QUERY_IDS} ids, not {len(build_ids)}.")
    after, automated = call.number("continuationToken", 0), call.optional_flag("isAutomated")
    runs = [
        run
        for run in call.world.tests.all()
        if run.id > after
        and first <= run.updated <= last
        and (not build_ids or _build_id(run) in build_ids)
        and call.query.get("state", run.state).lower() == run.state.lower()
        and call.query.get("runtitle", run.request.name) == run.request.name
        and automated in (None, run.request.automated)
        and (not call.query.get("branchname") or _branch(call, run) == call.query["branchname"])
    ]
    headers = {CONTINUATION: str(runs[top - 1].id)} if 0 < top < len(runs) else {}
    return Answer(collection([_run(call, run) for run in runs[:top]]), headers=headers)


def get_run(call: Call) -> Answer:
    return Answer(_run(call, call.world.tests.get(call.id("runId")), call.flag("includeDetails", default=True)))


def update_run(call: Call) -> Answer:
    request: RunUpdate = call.json(RunUpdate)
    return Answer(_run(call, call.world.tests.update(call.id("runId"), request, call.identity)))


def delete_run(call: Call) -> Answer:
    call.world.tests.delete(call.id("runId"))
    return Answer(status=204)


def get_statistics(call: Call) -> Answer:
    run = call.world.tests.get(call.id("runId"))
    return Answer({"run": _run_reference(call, run), "runStatistics": _statistics(call.world.tests.results(run.id))})


# Results


def add_results(call: Call) -> Answer:
    requests: list[Result] = call.json(list[Result])
    run = call.world.tests.get(call.id("runId"))
    added = call.world.tests.add_results(run.id, requests, call.identity)
    return Answer(collection([_result_reference(call, run, result) for result in added]))


def update_results(call: Call) -> Answer:
    requests: list[Result] = call.json(list[Result])
    run = call.world.tests.get(call.id("runId"))
    changed = call.world.tests.update_results(run.id, requests, call.identity)
    return Answer(collection([_result_reference(call, run, result) for result in changed]))


def list_results(call: Call) -> Answer:
    run = call.world.tests.get(call.id("runId"))
    details = _details(call)
    limit = MAX_RESULTS if details <= {"none"} else MAX_DETAILED_RESULTS
    top, skip = call.number("$top", limit), call.number("$skip", 0)
    if top > limit:
        raise bad_request(f"$top is at most {limit} with detailsToInclude={','.join(sorted(details)) or 'none'}.")
    wanted = {word.lower() for word in chosen(call, "outcomes", TEST_OUTCOME)}
    results = [each for each in call.world.tests.results(run.id) if not wanted or str(each.outcome).lower() in wanted]
    return Answer(collection([_result(call, run, each, details) for each in results[skip : skip + top]]))


def get_result(call: Call) -> Answer:
    run = call.world.tests.get(call.id("runId"))
    result = call.world.tests.get_result(run.id, call.id("testCaseResultId"))
    return Answer(_result(call, run, result, _details(call)))


# Attachments


def attach(call: Call) -> Answer:
    """To a run, to a result, or with testSubResultId to a sub-result."""
    request: AttachmentRequest = call.json(AttachmentRequest)
    try:
        content = base64.b64decode(request.stream, validate=True)
    except binascii.Error:
        raise errors.invalid(f"The stream of {request.file_name!r} is not valid base64.") from None
    attachment = call.world.tests.attach(
        call.id("runId"),
        content,
        file_name=request.file_name,
        type=request.attachment_type,
        comment=request.comment,
        result_id=_result_id(call),
        sub_result_id=call.number("testSubResultId", 0),
    )
    return Answer({"id": attachment.id, "url": _attachment_url(call, attachment)})


def list_attachments(call: Call) -> Answer:
    found = call.world.tests.attachments(call.id("runId"), _result_id(call), call.number("testSubResultId", 0))
    return Answer(collection([_attachment(call, each) for each in found]))


def get_attachment(call: Call) -> Answer:
    """The content, or a zip with it where the client accepts nothing else."""
    attachment, content = call.world.tests.attachment(call.id("runId"), call.id("attachmentId"))
    if (attachment.result_id, attachment.sub_result_id) != (_result_id(call), call.number("testSubResultId", 0)):
        raise errors.attachment_not_found(attachment.id)
    name, media_type = attachment.file_name, "application/octet-stream"
    if call.headers.get("accept", "").lower().startswith("application/zip"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        name, media_type, content = f"{name}.zip", "application/zip", buffer.getvalue()
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Answer(content, media_type=media_type, headers={"Content-Disposition": disposition})


# The shapes of answers


def _run(call: Call, run: Run, details: bool = True) -> dict[str, Any]:
    request = run.request
    results = call.world.tests.results(run.id)
    outcomes = Counter(str(result.outcome) for result in results)
    body: dict[str, Any] = {
        **_run_reference(call, run),
        "id": run.id,
        "isAutomated": request.automated,
        "iteration": call.world.project.name,
        "owner": _owner(run),
        "project": _project(call),
        "startedDate": format_time(run.started),
        "completedDate": format_time(run.completed),
        "state": run.state,
        "totalTests": len(results),
        "incompleteTests": sum(result.state != "Completed" for result in results),
        "notApplicableTests": outcomes["NotApplicable"],
        "passedTests": outcomes["Passed"],
        "unanalyzedTests": outcomes["Failed"],
        "revision": run.revision,
        "webAccessUrl": f"{call.base_url}/runs/{run.id}",
        "build": _build_reference(call, run),
        "pipelineReference": request.pipeline_reference.json_form() if request.pipeline_reference else None,
    }
    if details:
        body |= {
            "buildConfiguration": _build_configuration(call, run),
            "comment": request.comment,
            "controller": request.controller,
            "createdDate": format_time(run.created),
            "customFields": [field.json_form() for field in request.custom_test_fields],
            "errorMessage": request.error_message,
            "lastUpdatedBy": {"displayName": run.updated_by},
            "lastUpdatedDate": format_time(run.updated),
            "postProcessState": "Complete",
            "runStatistics": _statistics(results),
            "substate": run.substate,
            "tags": [tag.json_form() for tag in request.tags],
        }
    return without_null(body)


def _statistics(results: Sequence[Result]) -> list[dict[str, Any]]:
    counts = Counter((result.state, result.outcome) for result in results)
    return [{"state": state, "outcome": outcome, "count": count} for (state, outcome), count in counts.items()]


def _result(call: Call, run: Run, result: Result, details: set[str]) -> dict[str, Any]:
    body = result.json_form() | _result_reference(call, run, result)
    body |= {"testCase": {"name": result.test_case_title}, "build": _build_reference(call, run)}
    if "subresults" not in details:
        body.pop("subResults", None)
    if not body.get("customFields"):
        body.pop("customFields", None)
    return without_null(body)


def _result_reference(call: Call, run: Run, result: Result) -> dict[str, Any]:
    return {
        "id": result.id,
        "project": _project(call),
        "testRun": _run_reference(call, run),
        "lastUpdatedBy": {"displayName": run.updated_by},
        "url": f"{_run_url(call, run.id)}/Results/{result.id}",
    }


def _attachment(call: Call, attachment: Attachment) -> dict[str, Any]:
    body = {
        "id": attachment.id,
        "fileName": attachment.file_name,
        "comment": attachment.comment,
        "attachmentType": ATTACHMENT_TYPES.get(attachment.type.lower(), "generalAttachment"),
        "createdDate": format_time(attachment.created),
        "size": attachment.size,
        "url": _attachment_url(call, attachment),
    }
    return without_null(body)


def _attachment_url(call: Call, attachment: Attachment) -> str:
    place = _run_url(call, call.id("runId"))
    if attachment.result_id:
        place += f"/Results/{attachment.result_id}"
    return f"{place}/Attachments/{attachment.id}"


def _run_reference(call: Call, run: Run) -> dict[str, Any]:
    return {"id": str(run.id), "name": run.request.name, "url": _run_url(call, run.id)}


def _run_url(call: Call, run_id: int) -> str:
    return f"{call.collection_url}/{call.world.project.name}/_apis/test/Runs/{run_id}"


def _project(call: Call) -> dict[str, Any]:
    project = call.world.project
    return {"id": project.id, "name": project.name, "url": f"{call.collection_url}/_apis/projects/{project.id}"}


def _owner(run: Run) -> dict[str, Any]:
    return run.request.owner.json_form() if run.request.owner else {"displayName": run.updated_by}


def _build_id(run: Run) -> str:
    return (run.request.build.id if run.request.build else None) or ""


def _build_uri(run: Run) -> str:
    return f"vstfs:///Build/Build/{_build_id(run)}"


def _branch(call: Call, run: Run) -> str:
    return call.world.builds.get(int(_build_id(run))).source_branch if _build_id(run) else ""


def _build_reference(call: Call, run: Run) -> dict[str, Any] | None:
    if not _build_id(run):
        return None
    build = call.world.builds.get(int(_build_id(run)))
    return {"id": str(build.id), "name": build.number, "url": f"{call.collection_url}/_apis/build/Builds/{build.id}"}


def _build_configuration(call: Call, run: Run) -> dict[str, Any] | None:
    if not _build_id(run):
        return None
    build, asked = call.world.builds.get(int(_build_id(run))), run.request.build_reference
    body = {
        "id": build.id,
        "number": build.number,
        "uri": build.uri,
        "flavor": run.request.build_flavor,
        "platform": run.request.build_platform,
        "buildDefinitionId": build.definition_id,
        "branchName": build.source_branch,
        "sourceVersion": build.source_version,
        "targetBranchName": asked.target_branch_name if asked else None,
        "project": _project(call),
    }
    return without_null(body)


def _details(call: Call) -> set[str]:
    return {word.lower() for word in chosen(call, "detailsToInclude", RESULT_DETAILS)}


def _result_id(call: Call) -> int:
    return call.id("testCaseResultId") if "testCaseResultId" in call.values else 0
