"""Answers of the release area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sandbox.devops.build.documents import Attachment, Build
from sandbox.devops.dialect import dialect_of
from sandbox.devops.enumerations import RELEASE_EXPANDS, RELEASE_ORDER, chosen
from sandbox.devops.release import errors
from sandbox.devops.release.state import Environment, Release
from sandbox.wire import Answer, Call, collection, format_time, without_null

# What a run's status or result is called of a stage, a deployment, its operation and its phase.
_STATES = {
    "inProgress": ("inProgress", "inProgress", "phaseInProgress", "inProgress"),
    "cancelling": ("inProgress", "inProgress", "cancelling", "cancelling"),
    "succeeded": ("succeeded", "succeeded", "phaseSucceeded", "succeeded"),
    "partiallySucceeded": (
        "partiallySucceeded",
        "partiallySucceeded",
        "phasePartiallySucceeded",
        "partiallySucceeded",
    ),
    "failed": ("rejected", "failed", "phaseFailed", "failed"),
    "canceled": ("canceled", "failed", "phaseCanceled", "canceled"),
}


def list_releases(call: Call) -> Answer:
    """The newest first unless they are wanted otherwise; with stages and artifacts only where `$expand` names them."""
    definition, branch = call.query.get("definitionid"), call.query.get("sourcebranchfilter")
    first, last = call.time("minCreatedTime"), call.time("maxCreatedTime")
    ids = call.names("releaseIdFilter")
    found = [
        each
        for each in call.world.releases.all()
        if definition in (None, "", "0", str(each.definition_id))
        and (not branch or _branch(call, each) == branch)
        and (not ids or str(each.id) in ids)
        and (first is None or each.created >= first)
        and (last is None or each.created <= last)
    ]
    if (chosen(call, "queryOrder", RELEASE_ORDER) or ["descending"])[0] == "descending":
        found.reverse()
    parts = chosen(call, "$expand", RELEASE_EXPANDS)
    return Answer(collection([_release(call, each, parts) for each in found[: call.number("$top", len(found))]]))


def get_release(call: Call) -> Answer:
    return Answer(_release(call, call.world.releases.get(call.id("releaseId")), ("environments", "artifacts")))


def list_attachments(call: Call) -> Answer:
    run = _deployment(call)
    found = call.world.builds.attachments(run.id, call.values["type"])
    return Answer(collection([_attachment(call, run, each) for each in found]))


def get_attachment(call: Call) -> Answer:
    run, values = _deployment(call), call.values
    if values["timelineId"].lower() != run.timeline_id:
        raise errors.attachment_not_found(values["type"], values["name"])
    content = call.world.builds.attachment_content(run.id, values["recordId"], values["type"], values["name"])
    return Answer(content, media_type="application/octet-stream")


def _deployment(call: Call) -> Build:
    return call.world.releases.deployment(
        call.id("releaseId"), call.id("environmentId"), call.id("attemptId"), call.values["planId"]
    )


def _release(call: Call, release: Release, parts: Sequence[str]) -> dict[str, Any]:
    body = {
        "id": release.id,
        "name": release.name,
        "status": "active",
        "reason": "manual",
        "createdOn": format_time(release.created),
        "modifiedOn": format_time(max([release.created, *_ends(call, release)])),
        "releaseDefinition": _definition(call, release),
        "projectReference": {"id": call.world.project.id, "name": call.world.project.name},
        "keepForever": False,
        "environments": [_environment(call, release, rank) for rank in range(len(release.environments))]
        if "environments" in parts
        else None,
        "artifacts": _artifacts(call, release) if "artifacts" in parts else None,
        "_links": _links(call, release),
    }
    return without_null(body)


def _ends(call: Call, release: Release) -> list[Any]:
    runs = [run for environment in release.environments for run in call.world.releases.attempts(environment)]
    return [run.finish_time for run in runs if run.finish_time]


def _definition(call: Call, release: Release) -> dict[str, Any]:
    url = f"{call.project_url}/_apis/Release/definitions/{release.definition_id}"
    return {"id": release.definition_id, "name": release.definition, "path": "\\", "url": url}


def _links(call: Call, release: Release) -> dict[str, Any] | None:
    """As with builds, for browsers' clients alone."""
    if not dialect_of(call.headers.get("accept", "")).exclude_urls:
        return None
    web = f"{call.collection_url}/{call.world.project.name}/_release?releaseId={release.id}&_a=release-summary"
    return {
        "self": {"href": f"{call.project_url}/_apis/Release/releases/{release.id}"},
        "web": {"href": web},
    }


def _artifacts(call: Call, release: Release) -> list[dict[str, Any]]:
    if release.artifact is None:
        return []
    build, project = call.world.builds.get(release.artifact), call.world.project
    reference = {
        "definition": {"id": str(build.definition_id), "name": build.definition},
        "version": {"id": str(build.id), "name": build.number},
        "branch": {"id": build.source_branch, "name": build.source_branch},
        "project": {"id": project.id, "name": project.name},
    }
    return [{"alias": f"_{build.definition}", "type": "Build", "isPrimary": True, "definitionReference": reference}]


def _branch(call: Call, release: Release) -> str:
    return call.world.builds.get(release.artifact).source_branch if release.artifact else ""


def _environment(call: Call, release: Release, rank: int) -> dict[str, Any]:
    environment = release.environments[rank]
    attempts = call.world.releases.attempts(environment)
    return {
        "id": environment.id,
        "releaseId": release.id,
        "name": environment.name,
        "rank": rank + 1,
        "definitionEnvironmentId": rank + 1,
        "status": _STATES[_state(attempts[-1])][0] if attempts else "notStarted",
        "deploySteps": [_attempt(environment, run, number) for number, run in enumerate(attempts, 1)],
    }


def _attempt(environment: Environment, run: Build, number: int) -> dict[str, Any]:
    _, status, operation, phase = _STATES[_state(run)]
    return {
        "id": run.id,
        "deploymentId": run.id,
        "attempt": number,
        "reason": "manual" if number == 1 else "redeployTrigger",
        "status": status,
        "operationStatus": operation,
        "hasStarted": True,
        "queuedOn": format_time(run.queue_time),
        "lastModifiedOn": format_time(run.finish_time or run.start_time),
        "releaseDeployPhases": [
            {
                "phaseId": str(environment.id),
                "name": "Agent job",
                "rank": 1,
                "phaseType": "agentBasedDeployment",
                "status": phase,
                "runPlanId": run.plan_id,
                "startedOn": format_time(run.start_time),
            }
        ],
    }


def _state(run: Build) -> str:
    return run.result if run.status == "completed" else run.status


def _attachment(call: Call, run: Build, attachment: Attachment) -> dict[str, Any]:
    values = call.values
    place = (
        f"environments/{values['environmentId']}/attempts/{values['attemptId']}/plan/{run.plan_id}"
        f"/timelines/{run.timeline_id}/records/{attachment.record_id}"
    )
    name = f"{quote(attachment.type)}/{quote(attachment.name)}"
    href = f"{call.project_url}/_apis/Release/releases/{values['releaseId']}/{place}/attachments/{name}"
    body = {
        "type": attachment.type,
        "name": attachment.name,
        "timelineId": run.timeline_id,
        "recordId": attachment.record_id,
        "createdOn": format_time(attachment.created_on),
        "modifiedOn": format_time(attachment.created_on),
        "_links": {"self": {"href": href}} if dialect_of(call.headers.get("accept", "")).exclude_urls else None,
    }
    return without_null(body)
