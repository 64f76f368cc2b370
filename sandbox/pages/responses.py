"""The pages, rendered from the state of the world."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from sandbox.devops.build.documents import Attachment as BuildAttachment
from sandbox.devops.build.documents import Build, Record
from sandbox.devops.test.models import Attachment, Result, Run
from sandbox.pages.contributed import tabs_of_build
from sandbox.pages.markup import log_lines, markdown
from sandbox.pages.rendering import HTML, build_of, counts, render, render_build, render_release, render_result
from sandbox.pages.tabs import build_tab
from sandbox.wire import Answer, Call, ServiceError, bad_request

SUMMARY = "Distributedtask.Core.Summary"
LONGEST_LOG = 20_000  # lines shown; the whole log is a click away
LONGEST_TEXT = 200_000  # bytes of a text attachment shown inline

FILE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"


@dataclass(frozen=True)
class File:
    """Something to open. show: how it appears on the page itself: image, text, frame, or only as a link."""

    name: str
    address: str
    size: int
    show: str
    text: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Row:
    """A record of the timeline with how deep it lies."""

    record: Record
    depth: int


def show_builds(call: Call) -> Answer:
    builds = sorted(call.world.builds.all(), key=lambda build: -build.id)
    rows = [(build, counts(call, build)) for build in builds]
    releases = sorted(call.world.releases.all(), key=lambda release: -release.id)
    return render("builds.html", world=call.world, rows=rows, releases=releases)


def show_build(call: Call) -> Answer:
    """The timeline, issues and summaries."""
    build = _build(call)
    records = call.world.builds.records(build.id)
    issues = [(record, issue) for record in records for issue in record.issues]
    summaries = [
        (each.name, markdown(_content(call, build, each).decode("utf-8", "replace")))
        for each in call.world.builds.attachments(build.id, SUMMARY)
    ]
    asked = [each for each in call.world.approvals.all() if each.build_id == build.id and each.status == "pending"]
    values: dict[str, Any] = {"rows": _rows(records), "issues": issues, "summaries": summaries, "approvals": asked}
    return render_build(call, build, "build.html", "summary", **values)


def decide(call: Call) -> Answer:
    """A person's click on Approve or Reject; only this sandbox's own pages may send it."""
    if call.headers.get("origin") != call.base_url:
        raise ServiceError(403, "UnauthorizedRequestException", "This form belongs to the page of the sandbox itself.")
    build, decision = _build(call), call.values["decision"]
    if decision not in ("approved", "rejected"):
        raise bad_request(f"{decision!r} is neither approved nor rejected.")
    call.world.approvals.decide(call.values["approvalId"], "approved" if decision == "approved" else "rejected")
    return Answer(b"", 303, HTML, {"Location": f"/builds/{build.id}"})


def show_tests(call: Call) -> Answer:
    """Every test run of a build, what failed first."""
    build = _build(call)
    runs = [(run, _failed_first(call, run)) for run in call.world.tests.of_build(build.id)]
    return render_build(call, build, "tests.html", "tests", runs=runs)


def show_log(call: Call) -> Answer:
    build = _build(call)
    log_id = call.id("logId")
    lines = call.world.builds.log_lines(build.id, log_id)
    record = next((each for each in call.world.builds.records(build.id) if each.log_id == log_id), None)
    shown = log_lines(lines[-LONGEST_LOG:])
    cut = max(0, len(lines) - LONGEST_LOG)
    return render_build(call, build, "log.html", "summary", record=record, lines=shown, cut=cut, log_id=log_id)


def show_files(call: Call) -> Answer:
    """Attachments of the build's records, and its artifacts."""
    build = _build(call)
    names = {record.id: record.name for record in call.world.builds.records(build.id)}
    attachments = [
        (each.type, names.get(each.record_id, ""), _build_file(build, each))
        for each in call.world.builds.attachments(build.id)
    ]
    artifacts = [
        (artifact.name, [_artifact_file(build, artifact.name, path, size) for path, size in artifact.files.items()])
        for artifact in call.world.builds.artifacts(build.id)
    ]
    return render_build(call, build, "files.html", "files", attachments=attachments, artifacts=artifacts)


def show_run(call: Call) -> Answer:
    run = call.world.tests.get(call.id("runId"))
    files = [_test_file(call, run, each) for each in call.world.tests.attachments(run.id)]
    return render("run.html", run=run, build=build_of(call, run), results=_failed_first(call, run), files=files)


def show_result(call: Call) -> Answer:
    """A result with its sub-results, where it failed opened, and its files."""
    run = call.world.tests.get(call.id("runId"))
    result = call.world.tests.get_result(run.id, call.id("resultId"))
    number = result.id or 0
    files = [_test_file(call, run, each) for each in call.world.tests.attachments(run.id, number)]
    steps = [
        (step, [_test_file(call, run, each) for each in call.world.tests.attachments(run.id, number, step.id or 0)])
        for step in call.world.tests.sub_results(run.id, number)
    ]
    return render_result(call, run, result, "result.html", "details", steps=steps, files=files)


def show_release(call: Call) -> Answer:
    """Its stages, with the runs that were the deployments to them."""
    release = call.world.releases.get(call.id("releaseId"))
    stages = [(stage, call.world.releases.attempts(stage)) for stage in release.environments]
    return render_release(call, release, "release.html", "summary", stages=stages)


# Files as they are


def get_log(call: Call) -> Answer:
    lines = call.world.builds.log_lines(_build(call).id, call.id("logId"))
    return _file("\n".join([*lines, ""]).encode(), "log.txt")


def get_build_attachment(call: Call) -> Answer:
    content = call.world.builds.attachment_content(
        _build(call).id, call.values["recordId"], call.values["type"], call.values["name"]
    )
    return _file(content, call.values["name"])


def get_artifact_file(call: Call) -> Answer:
    content = call.world.builds.artifact_file(_build(call).id, call.values["artifact"], call.values["path"])
    return _file(content, call.values["path"])


def get_test_attachment(call: Call) -> Answer:
    attachment, content = call.world.tests.attachment(call.id("runId"), call.id("attachmentId"))
    return _file(content, attachment.file_name)


# The addresses that Azure DevOps has


def find_build(call: Call) -> Answer:
    """`_build/results?buildId=…`: an extension's tab, whose state is in the address; else to the build or its tests."""
    build = call.world.builds.get(call.number("buildId", 0))
    view = call.query.get("view", "")
    if view in (each.id for each in tabs_of_build(call, build)):
        return build_tab(call, build, view)
    tab = "/tests" if "test" in view else ""
    return Answer(status=302, headers={"Location": f"/builds/{build.id}{tab}"})


def find_release(call: Call) -> Answer:
    """`_release?releaseId=…` and `_releaseProgress?releaseId=…`."""
    release = call.world.releases.get(call.number("releaseId", 0))
    return Answer(status=302, headers={"Location": f"/releases/{release.id}"})


def find_run(call: Call) -> Answer:
    """`_testManagement/runs?runId=…`, to a result of it where one is named."""
    run = call.world.tests.get(call.number("runId", 0))
    result = call.number("resultId", 0)
    return Answer(status=302, headers={"Location": f"/runs/{run.id}" + (f"/results/{result}" if result else "")})


def _build(call: Call) -> Build:
    return call.world.builds.get(call.id("buildId"))


def _rows(records: list[Record], parent: str | None = None, depth: int = 0) -> list[Row]:
    """The tree of the timeline. A phase that has jobs is not shown, they take its place, as Azure DevOps does it."""
    rows: list[Row] = []
    for record in sorted((each for each in records if each.parent == parent), key=lambda each: each.order):
        if record.type == "Phase" and (jobs := _rows(records, record.id, depth)):
            rows += jobs
        else:
            rows += [Row(record, depth), *_rows(records, record.id, depth + 1)]
    return rows


def _failed_first(call: Call, run: Run) -> list[Result]:
    rank = {"Passed": 2, "NotExecuted": 1}
    return sorted(call.world.tests.results(run.id), key=lambda result: rank.get(str(result.outcome), 0))


def _test_file(call: Call, run: Run, attachment: Attachment) -> File:
    content = call.world.tests.attachment(run.id, attachment.id)[1]
    name = attachment.file_name
    address = f"/runs/{run.id}/attachments/{attachment.id}/{quote(name)}"
    return _shown(name, address, content, attachment.comment or "")


def _build_file(build: Build, attachment: BuildAttachment) -> File:
    place = f"{attachment.record_id}/{quote(attachment.type)}/{quote(attachment.name)}"
    return File(attachment.name, f"/builds/{build.id}/attachments/{place}", attachment.size, "link")


def _artifact_file(build: Build, artifact: str, path: str, size: int) -> File:
    return File(path, f"/builds/{build.id}/artifacts/{quote(artifact)}/{quote(path)}", size, "link")


def _content(call: Call, build: Build, attachment: BuildAttachment) -> bytes:
    return call.world.builds.attachment_content(build.id, attachment.record_id, attachment.type, attachment.name)


def _shown(name: str, address: str, content: bytes, comment: str) -> File:
    kind = _media_type(name)
    if kind.startswith("image/"):
        return File(name, address, len(content), "image", comment=comment)
    if kind.startswith("text/html"):
        return File(name, address, len(content), "frame", comment=comment)
    if kind.startswith("text/") and len(content) <= LONGEST_TEXT:
        return File(name, address, len(content), "text", content.decode("utf-8", "replace"), comment)
    return File(name, address, len(content), "link", comment=comment)


def _file(content: bytes, name: str) -> Answer:
    """A file that others made: it runs no script, loads nothing, and a notebook is saved, not shown."""
    headers = {"Content-Security-Policy": FILE_POLICY, "X-Content-Type-Options": "nosniff"}
    base = PurePosixPath(name).name
    if base.endswith(".ipynb"):
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(base)}"
    return Answer(content, media_type=_media_type(base), headers=headers)


def _media_type(name: str) -> str:
    if name.lower().endswith((".log", ".txt", ".md", ".yml", ".yaml", ".json", ".jsonl", ".xml", ".csv")):
        return "text/plain; charset=utf-8"
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return HTML if guessed == "text/html" else guessed
