"""Every published operation that is played, in every way it ends, held against Microsoft's documents on the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.devops.build.documents import Build, Record
from sandbox.devops.release.state import Release
from sandbox.devops.routes import ROUTES
from sandbox.faults import Fault
from sandbox.routing import Router
from sandbox.world import World
from tests.sandbox.services.checkout import Checkout
from tests.sandbox.services.http_client import SHARED, Client, check_recording

RUN = {"name": "Notebooks", "automated": True, "state": "InProgress"}
RESULT = {
    "testCaseTitle": "a.ipynb",
    "automatedTestName": "a.ipynb",
    "outcome": "Failed",
    "state": "Completed",
    "startedDate": "2026-01-01T10:00:00Z",
    "completedDate": "2026-01-01T10:00:01Z",
    "resultGroupType": "generic",
    "subResults": [{"displayName": "Fit", "outcome": "Failed", "durationInMs": 12}],
}
FILE = {"stream": "aGVsbG8=", "fileName": "a.log", "attachmentType": "ConsoleLog"}
DAY, NEXT_WEEK = "minLastUpdatedDate=2026-01-01&maxLastUpdatedDate=2026-01-02", "2026-01-09"

Step = tuple[str, str, Any, int]


def publishing(build: Build) -> list[Step]:
    """Runs 1, which is published to, and 2, which is deleted."""
    run = RUN | {"build": {"id": str(build.id)}, "pipelineReference": {"pipelineId": build.id}}
    return [
        ("POST", "test/runs", run, 200),
        ("POST", "test/runs", RUN, 200),
        ("POST", "test/runs", RUN | {"build": {"id": "99"}}, 404),
        ("POST", "test/runs", RUN | {"startDate": "2026-01-02", "completeDate": "2026-01-01"}, 400),
        ("GET", f"test/runs?buildUri={build.uri}&automated=true&includeRunDetails=true", None, 200),
        ("GET", f"test/runs?{DAY}", None, 200),
        ("GET", f"test/runs?{DAY.replace('2026-01-02', NEXT_WEEK)}", None, 400),
        ("GET", "test/runs/1", None, 200),
        ("GET", "test/runs/9", None, 404),
        ("POST", "test/runs/1/results", [RESULT, RESULT], 200),
        ("POST", "test/runs/1/results", [RESULT | {"completedDate": "2026-01-01T09:00:00Z"}], 400),
        ("POST", "test/runs/9/results", [RESULT], 404),
        ("PATCH", "test/runs/1/results", [{"id": 100000, "comment": "known"}], 200),
        ("PATCH", "test/runs/1/results", [{"id": 5, "comment": "known"}], 404),
        ("GET", "test/runs/1/results?detailsToInclude=subResults&$top=200&outcomes=Failed", None, 200),
        ("GET", "test/runs/1/results?$top=1001", None, 400),
        ("GET", "test/runs/1/results/100001?detailsToInclude=SubResults", None, 200),
        ("GET", "test/runs/1/results/5", None, 404),
        ("POST", "test/runs/1/attachments", FILE, 200),
        ("POST", "test/runs/1/attachments", FILE | {"stream": "?"}, 400),
        ("POST", "test/runs/9/attachments", FILE, 404),
        ("GET", "test/runs/1/attachments", None, 200),
        ("GET", "test/runs/1/attachments/1", None, 200),
        ("GET", "test/runs/1/attachments/9", None, 404),
        ("POST", "test/runs/1/results/100000/attachments", FILE, 200),
        ("POST", "test/runs/1/results/100000/attachments?testSubResultId=1", FILE, 200),
        ("POST", "test/runs/1/results/100000/attachments?testSubResultId=7", FILE, 404),
        ("GET", "test/runs/1/results/100000/attachments", None, 200),
        ("GET", "test/runs/1/results/100000/attachments/2", None, 200),
        ("GET", "test/runs/1/results/100000/attachments/9", None, 404),
        ("GET", "test/runs/1/statistics", None, 200),
        ("GET", "test/runs/9/statistics", None, 404),
        ("PATCH", "test/runs/1", {"state": "Completed", "completedDate": "2099-01-01T00:00:00Z"}, 200),
        ("PATCH", "test/runs/1", {"state": "InProgress"}, 409),
        ("PATCH", "test/runs/9", {"state": "Completed"}, 404),
        ("POST", "test/runs/1/results", [RESULT], 409),
        ("DELETE", "test/runs/2", None, 204),
        ("DELETE", "test/runs/2", None, 404),
    ]


def building(build: Build, task: Record) -> list[Step]:
    at = f"build/builds/{build.id}"
    hub = f"distributedtask/hubs/build/plans/{build.plan_id}"
    event = {"name": "TaskCompleted", "jobId": task.parent, "taskId": task.id, "result": "succeeded"}
    return [
        ("GET", "build/builds?statusFilter=inProgress&$top=1", None, 200),
        ("GET", at, None, 200),
        ("GET", "build/builds/99", None, 404),
        ("GET", "build/definitions", None, 200),
        ("GET", "build/definitions/1", None, 200),
        ("GET", "build/definitions/99", None, 404),
        ("PATCH", at, {"buildNumber": "1.2"}, 200),
        ("PATCH", "build/builds/99", {"buildNumber": "1.2"}, 404),
        ("GET", f"{at}/changes", None, 200),
        ("PUT", f"{at}/tags/one", None, 200),
        ("POST", f"{at}/tags", ["two"], 200),
        ("GET", f"{at}/tags", None, 200),
        ("DELETE", f"{at}/tags/two", None, 200),
        ("GET", f"{at}/timeline/{build.timeline_id}", None, 200),
        ("GET", f"{at}/timeline/{build.plan_id}", None, 404),
        ("POST", f"{hub}/logs", {"path": f"logs\\{task.id}"}, 200),
        ("POST", "distributedtask/hubs/build/plans/none/logs", {"path": "x"}, 404),
        ("POST", f"{hub}/logs/1", None, 200),
        ("POST", f"{hub}/logs/9", None, 404),
        ("PATCH", f"{hub}/timelines/{build.timeline_id}/records", {"value": [{"id": task.id}], "count": 1}, 200),
        ("PATCH", f"{hub}/timelines/{build.plan_id}/records", {"value": [{"id": task.id}], "count": 1}, 404),
        ("POST", f"{hub}/events", event, 204),
        ("POST", f"{hub}/events", event, 409),
        ("POST", f"{hub}/jobs/{task.id}/oidctoken", {}, 200),
        ("POST", f"{hub}/jobs/{task.id}/oidctoken?serviceConnectionId={task.id}", None, 404),
        ("GET", f"{at}/logs", None, 200),
        ("GET", f"{at}/logs/9", None, 404),
        ("GET", f"{at}/attachments/none", None, 200),
        ("GET", f"{at}/{build.timeline_id}/{task.id}/attachments/report/index.json", None, 200),
        ("GET", f"{at}/{build.timeline_id}/{task.id}/attachments/report/none", None, 404),
        ("GET", f"{at}/artifacts", None, 200),
        ("GET", f"{at}/artifacts?artifactName=drop", None, 200),
        ("GET", f"{at}/artifacts?artifactName=none", None, 404),
    ]


def releasing(build: Build, task: Record, release: Release) -> list[Step]:
    at = f"release/releases/{release.id}"
    plan = f"{at}/environments/{release.environments[0].id}/attempts/1/plan/{build.plan_id}"
    name = f"timelines/{build.timeline_id}/records/{task.id}/attachments/report"
    return [
        ("GET", "release/releases?$expand=environments&$top=1", None, 200),
        ("GET", at, None, 200),
        ("GET", "release/releases/99", None, 404),
        ("GET", f"{plan}/attachments/report", None, 200),
        ("GET", f"{plan.replace('attempts/1', 'attempts/2')}/attachments/report", None, 404),
        ("GET", f"{plan}/{name}/index.json", None, 200),
        ("GET", f"{plan}/{name}/other.json", None, 404),
    ]


def reading(commit: str) -> list[Step]:
    return [
        ("GET", "git/repositories", None, 200),
        ("GET", "git/repositories/code", None, 200),
        ("GET", "git/repositories/none", None, 404),
        ("GET", "git/repositories/code/refs?filter=heads/", None, 200),
        ("GET", "git/repositories/code/items?path=/run.sh&includeContent=true", None, 200),
        ("GET", "git/repositories/code/items?path=/none", None, 404),
        ("GET", "git/repositories/code/items?scopePath=/notebooks&recursionLevel=full", None, 200),
        ("GET", f"git/repositories/code/commits/{commit}", None, 200),
        ("GET", "git/repositories/code/commits/none", None, 404),
        ("GET", "/sandbox/_apis/projects", None, 200),
        ("GET", "/sandbox/_apis/projects/demo", None, 200),
        ("GET", "/sandbox/_apis/projects/none", None, 404),
    ]


def route_of(router: Router, url: str, method: str) -> str:
    found = router.find(method, urlsplit(url).path.partition("/sandbox/")[2])
    assert found is not None
    return found[0].path


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published documents are not beside this repository")
def test_what_goes_over_the_wire_is_as_published(world: World, client: Client, build: Build, tmp_path: Path) -> None:
    job = world.builds.record(build.id, type="Job", name="Job", ref_name="job", parent=None, order=1)
    task = world.builds.record(build.id, type="Task", name="Run", ref_name="run", parent=job.id, order=1)
    world.builds.attach(build.id, task.id, "report", "index.json", b"{}")
    world.builds.artifact(build.id, "drop", {"a.txt": b"1"})
    checkout = Checkout(tmp_path / "code")
    world.git.add("code", checkout.path)
    world.journal.to(tmp_path / "exchanges.jsonl")

    release = world.releases.record("ship", {"qa": [build], "prod": []}, artifact=build)

    steps = [
        *publishing(build),
        *building(build, task),
        *releasing(build, task, release),
        *reading(checkout.first),
    ]

    answers = [(method, path, client.call(method, path, body).status_code) for method, path, body, _ in steps]
    for fault in (Fault(status=429, headers={"Retry-After": "1"}), Fault(status=503), Fault(sign_in=True)):
        world.faults.clear()
        world.faults.add(fault)
        client.call("POST", "test/runs", RUN)

    assert answers == [(method, path, status) for method, path, _, status in steps]
    assert check_recording(tmp_path / "exchanges.jsonl") == ""
    router = Router(ROUTES)
    seen = {(each.method, route_of(router, each.url, each.method), each.status) for each in world.journal.exchanges}
    assert len(seen) >= 70
    unseen = {(route.method, route.path) for route in ROUTES if route.published} - {each[:2] for each in seen}
    assert {path for _, path in unseen if "pullrequests" not in path} == {
        "{project}/_apis/git/repositories/{repositoryId}/commits/{commitId}/changes",  # typed too narrowly there
        "{project}/_apis/git/repositories/{repositoryId}/diffs/commits",
    }
