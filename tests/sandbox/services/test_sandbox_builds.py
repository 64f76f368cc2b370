"""Builds, read by the real SDK as tasks and tabs read them, and written to by workers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.devops.build.documents import Build, Record
from sandbox.world import World
from tests.sandbox.services.http_client import SHARED, Client, check_recording

SUMMARY = "Distributedtask.Core.Summary"


@pytest.fixture
def task(world: World, build: Build) -> Record:
    """A task that runs in a job."""
    job = world.builds.record(build.id, type="Job", name="Job", ref_name="job", parent=None, order=1)
    reference = {"id": "a7b1c0de-0000-4000-8000-000000000001", "name": "RunNotebookOnAML", "version": "1.0.0"}
    task = world.builds.record(
        build.id, type="Task", name="Run", ref_name="run", parent=job.id, order=1, task=reference
    )
    world.builds.update(build.id, job.id, state="inProgress", worker_name="agent-1")
    return world.builds.update(build.id, task.id, state="inProgress")


@pytest.fixture
def hub(world: World, build: Build) -> str:
    """Where the orchestrator knows the build's plan."""
    return f"distributedtask/hubs/build/plans/{build.plan_id}"


def test_the_sdk_reads_all_of_a_build(world: World, sdk: Any, build: Build, task: Record, tmp_path: Path) -> None:
    recording = tmp_path / "exchanges.jsonl"
    world.journal.to(recording)
    builds = world.builds
    builds.log(build.id, task.id, ["first", "second", "third"])
    builds.issue(build.id, task.id, "error", "boom", {"type": "x"})
    builds.attach(build.id, task.id, SUMMARY, "all tests.md", b"# Hi")
    builds.artifact(build.id, "results", {"a/executed.ipynb": b"{}"})
    builds.update(build.id, task.id, state="completed", result="failed")
    builds.finish(build.id, "failed")
    client = sdk.get_build_client()

    found = client.get_build("demo", build.id)
    timeline = client.get_build_timeline("demo", build.id, build.timeline_id)
    row = next(each for each in timeline.records if each.type == "Task")
    content = client.get_attachment("demo", build.id, build.timeline_id, task.id, SUMMARY, "all tests.md")
    logs = client.get_build_logs("demo", build.id)
    text = client.get_build_log("demo", build.id, logs[0].id, start_line=2)
    artifacts = client.get_artifacts("demo", build.id)
    archive = b"".join(client.get_artifact_content_zip("demo", build.id, "results"))
    client.add_build_tag("demo", build.id, "notebooks")
    client.add_build_tags(["nightly", "notebooks"], "demo", build.id)
    tags = client.delete_build_tag("demo", build.id, "nightly")
    [latest] = client.get_builds(
        "demo", definitions=[build.definition_id], branch_name="refs/heads/main", result_filter="failed", top=1
    )

    assert (found.build_number, found.status, found.result) == (build.number, "completed", "failed")
    assert (row.result, row.error_count, row.issues[0].message) == ("failed", 1, "boom")
    assert row.task.name == "RunNotebookOnAML"
    assert b"".join(content) == b"# Hi"
    assert b"".join(text) == b"second\nthird\n"
    assert [each.name for each in artifacts] == ["results"]
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == ["results/a/executed.ipynb"]
    assert tags == ["notebooks"]
    assert (latest.id, latest.source_version) == (build.id, build.source_version)
    if SHARED.is_dir():
        assert check_recording(recording) == ""


def test_the_list_of_attachments_tells_their_records_by_address_only(
    world: World, sdk: Any, build: Build, task: Record
) -> None:
    """Outside of the recording above: Microsoft's document has no members in `_links`."""
    world.builds.attach(build.id, task.id, SUMMARY, "all tests.md", b"# Hi")

    [listed] = sdk.get_build_client().get_attachments("demo", build.id, SUMMARY)

    href = listed._links.additional_properties["self"]["href"]
    assert href.endswith(f"/{build.timeline_id}/{task.id}/attachments/{SUMMARY}/all%20tests.md")


def test_lines_of_a_log_come_as_a_list_where_json_is_asked_for(
    world: World, sdk: Any, build: Build, task: Record
) -> None:
    log = world.builds.log(build.id, task.id, ["first", "second", "third"])

    lines = sdk.get_build_client().get_build_log_lines("demo", build.id, log.id, start_line=2, end_line=2)

    assert lines == ["second"]


def test_builds_are_filtered_and_put_in_order(world: World, client: Client) -> None:
    for number, result in enumerate(["succeeded", "failed", "succeeded"], 1):
        made = world.builds.create("ci", source_branch="refs/heads/main", source_version=str(number), repository="demo")
        world.builds.finish(made.id, result)  # type: ignore[arg-type]
    world.builds.create("other", source_branch="refs/heads/x", source_version="4", repository="demo")

    def ids(query: str) -> list[int]:
        return [each["id"] for each in client.get(f"build/builds?{query}")["value"]]

    assert ids("resultFilter=succeeded&$top=1") == [3]
    assert ids("definitions=1&queryOrder=queueTimeAscending") == [1, 2, 3]
    assert ids("statusFilter=inProgress") == [4]
    assert ids("branchName=refs/heads/x") == [4]
    assert client.refused("GET", "build/builds?resultFilter=green")[0] == 400


def test_a_build_is_cancelled_by_whoever_runs_it(world: World, client: Client, build: Build) -> None:
    told: list[bool] = []

    with world.builds.telling_of_cancels(build.id, lambda: told.append(True)):
        answer = client.call("PATCH", f"build/builds/{build.id}", {"status": "cancelling"}).json()
    world.builds.finish(build.id, "canceled")

    assert (answer["status"], told) == ("cancelling", [True])
    assert client.refused("PATCH", f"build/builds/{build.id}", {"status": "cancelling"})[0] == 409


def test_a_build_can_be_renamed_and_nothing_else(client: Client, build: Build) -> None:
    renamed = client.call("PATCH", f"build/builds/{build.id}", {"buildNumber": "1.2.3"}).json()

    assert renamed["buildNumber"] == "1.2.3"
    assert client.refused("PATCH", f"build/builds/{build.id}", {"status": "completed"})[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        "build/builds/99",
        "build/builds/1/logs/9",
        "build/builds/1/timeline/00000000-0000-0000-0000-000000000000",
        "build/builds/1/artifacts?artifactName=none",
    ],
)
def test_what_is_not_there_is_404(client: Client, build: Build, path: str) -> None:
    assert build.id == 1
    assert client.refused("GET", path)[0] == 404


class TestOrchestrator:
    def test_a_worker_writes_a_log_and_links_it_to_its_record(
        self, world: World, client: Client, build: Build, task: Record, hub: str, tmp_path: Path
    ) -> None:
        world.journal.to(tmp_path / "exchanges.jsonl")
        log = client.post(f"{hub}/logs", {"path": f"logs\\{task.id}"})
        raw = {"Content-Type": "application/octet-stream"}
        client.call("POST", f"{hub}/logs/{log['id']}", data=b"one\ntwo\n", headers=raw)
        update = {"value": [{"id": task.id, "log": {"id": log["id"]}, "percentComplete": 40}], "count": 1}
        [changed] = client.call("PATCH", f"{hub}/timelines/{build.timeline_id}/records", update).json()["value"]

        assert (changed["log"]["id"], changed["percentComplete"]) == (log["id"], 40)
        assert world.builds.log_lines(build.id, log["id"]) == ["one", "two"]
        if SHARED.is_dir():
            assert check_recording(tmp_path / "exchanges.jsonl") == ""

    def test_the_sdk_attaches_to_a_record_and_finds_it_by_plan(
        self, world: World, sdk: Any, build: Build, task: Record
    ) -> None:
        tasks, at = sdk.get_task_client(), (world.project.id, "build", build.plan_id)

        tasks.create_attachment(io.BytesIO(b"# Hi"), *at, build.timeline_id, task.id, SUMMARY, "notebooks.md")

        [found] = tasks.get_plan_attachments(*at, SUMMARY)
        content = tasks.get_attachment_content(*at, build.timeline_id, task.id, SUMMARY, "notebooks.md")
        assert (found.name, found.record_id, found.timeline_id) == ("notebooks.md", task.id, build.timeline_id)
        assert b"".join(content) == b"# Hi"
        assert world.builds.attachment_content(build.id, task.id, SUMMARY, "notebooks.md") == b"# Hi"

    def test_a_waiting_task_is_completed_once(
        self, world: World, client: Client, build: Build, task: Record, hub: str
    ) -> None:
        event = {"name": "TaskCompleted", "jobId": task.parent, "taskId": task.id, "result": "failed"}

        assert client.call("POST", f"{hub}/events", event).status_code == 204
        assert world.builds.get_record(build.id, task.id).result == "failed"
        assert client.refused("POST", f"{hub}/events", event)[0] == 409

    @pytest.mark.parametrize(
        "changes", [{"result": None}, {"taskId": None}, {"name": "TaskDone"}, {"plan": "x"}, {"jobId": "x"}], ids=str
    )
    def test_an_event_that_says_too_little_or_too_much_is_refused(
        self, client: Client, task: Record, hub: str, changes: dict[str, Any]
    ) -> None:
        event = {"name": "TaskCompleted", "jobId": task.parent, "taskId": task.id, "result": "failed"}

        assert client.refused("POST", f"{hub}/events", {**event, **changes})[0] in (400, 404)

    def test_console_lines_go_to_a_record_of_the_plan(
        self, client: Client, build: Build, task: Record, hub: str
    ) -> None:
        feed = f"{hub}/timelines/{build.timeline_id}/records/{task.parent}/feed"

        assert client.call("POST", feed, {"value": ["line"], "count": 1}).status_code == 204
        assert client.refused("POST", feed.replace(str(task.parent), "x"), {"value": ["line"]})[0] == 404

    def test_records_are_read_as_workers_see_them(self, sdk: Any, world: World, build: Build, task: Record) -> None:
        records = sdk.get_task_client().get_records(world.project.id, "build", build.plan_id, build.timeline_id)

        assert [(each.type, each.state, each.ref_name) for each in records] == [
            ("Job", "inProgress", "job"),
            ("Task", "inProgress", "run"),
        ]

    def test_plans_and_hubs_that_are_not_there_are_404(self, client: Client, build: Build) -> None:
        assert client.refused("POST", f"distributedtask/hubs/rm/plans/{build.plan_id}/logs", {"path": "x"})[0] == 404
        assert client.refused("POST", "distributedtask/hubs/build/plans/none/logs", {"path": "x"})[0] == 404


def test_the_sdk_finds_the_project_and_who_it_is(world: World, sdk: Any) -> None:
    [project] = sdk.get_core_client().get_projects()

    assert (project.id, project.name) == (world.project.id, "demo")
    assert sdk.get_core_client().get_project("demo").id == project.id
    assert sdk.get_location_client().get_connection_data().authenticated_user.provider_display_name == "Build Service"
