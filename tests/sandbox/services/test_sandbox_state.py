"""State is whole after every change, shared by threads, and still there when it is opened again."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sandbox.devops.build.documents import Build
from sandbox.devops.test.models import Result, RunCreate, ShallowReference
from sandbox.store import Store
from sandbox.wire import ServiceError
from sandbox.world import World


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    world = World.open(tmp_path / "state" / "sandbox.sqlite")
    build = world.builds.create("ci", source_branch="refs/heads/main", source_version="abc", repository="demo")
    task = world.builds.record(build.id, type="Task", name="Run", ref_name="run", parent=None, order=1)
    world.builds.log(build.id, task.id, ["one", "two"])
    world.builds.issue(build.id, task.id, "error", "boom", {"code": "1"})
    world.builds.attach(build.id, task.id, "report", "index.json", b"{}")
    world.builds.artifact(build.id, "drop", {"a/b.txt": b"content"})
    run = world.tests.create(RunCreate(name="Tests", build=ShallowReference(id=str(build.id))), "me")
    [result] = world.tests.add_results(run.id, [Result(test_case_title="a")], "me")
    attached = world.tests.attach(run.id, b"log", file_name="a.log", type="ConsoleLog", comment=None)
    repository = world.git.add("demo", tmp_path)
    token = world.tokens.issue("me")
    before = (world.project, world.builds.get(build.id), world.builds.records(build.id), world.tests.results(run.id))
    world.close()

    again = World.open(tmp_path / "state" / "sandbox.sqlite")

    after = (again.project, again.builds.get(build.id), again.builds.records(build.id), again.tests.results(run.id))
    assert after == before
    assert after[3] == [result]
    assert again.builds.log_lines(build.id, 1) == ["one", "two"]
    assert again.builds.attachment_content(build.id, task.id, "report", "index.json") == b"{}"
    assert again.builds.artifact_file(build.id, "drop", "a/b.txt") == b"content"
    assert again.tests.attachment(run.id, attached.id) == (attached, b"log")
    assert again.git.get("demo") == repository
    assert again.tokens.identity(f"Bearer {token}") == "me"
    following = again.builds.create("ci", source_branch="x", source_version="y", repository="demo")
    assert (following.id, following.number.rpartition(".")[2]) == (2, "2")
    again.close()


def test_a_change_that_fails_half_way_leaves_nothing() -> None:
    store = Store()

    def change() -> None:
        with store.changing():
            store.write("a", b"1")
            with store.changing():
                store.write("b", b"2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()

    assert (store.read("a"), store.read("b")) == (b"", b"")


def test_threads_do_not_lose_each_others_changes(world: World, build: Build) -> None:
    task = world.builds.record(build.id, type="Task", name="Run", ref_name="run", parent=None, order=1)

    def work(name: str) -> None:
        for number in range(25):
            world.builds.log(build.id, task.id, [f"{name} {number}"])
            world.builds.issue(build.id, task.id, "warning", name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    record = world.builds.get_record(build.id, task.id)
    assert len(world.builds.log_lines(build.id, record.log_id)) == 100
    assert (record.warning_count, len(record.issues)) == (100, 10)


def test_times_follow_from_the_state(world: World, build: Build) -> None:
    task = world.builds.record(build.id, type="Task", name="Run", ref_name="run", parent=None, order=1)
    running = world.builds.update(build.id, task.id, state="inProgress", percent_complete=40, current_operation="x")
    done = world.builds.update(build.id, task.id, state="completed", result="failed")

    assert (task.start_time, running.finish_time) == (None, None)
    assert running.start_time is not None
    assert done.start_time == running.start_time
    assert done.finish_time is not None
    assert done.finish_time >= running.start_time
    assert (done.percent_complete, done.current_operation) == (100, None)


def test_a_build_is_finished_once(world: World, build: Build) -> None:
    world.builds.finish(build.id, "succeeded")

    with pytest.raises(ServiceError, match="already completed"):
        world.builds.finish(build.id, "failed")


def test_the_same_attachment_is_replaced_and_others_are_kept_apart(world: World, build: Build) -> None:
    one, two = (
        world.builds.record(build.id, type="Task", name=n, ref_name=n, parent=None, order=1).id for n in ("a", "b")
    )
    world.builds.attach(build.id, one, "report", "x", b"old")
    world.builds.attach(build.id, two, "report", "x", b"other")
    world.builds.attach(build.id, one, "report", "x", b"new")

    assert len(world.builds.attachments(build.id, "REPORT")) == 2
    assert world.builds.attachment_content(build.id, one, "report", "x") == b"new"


def test_an_artifact_grows(world: World, build: Build) -> None:
    world.builds.artifact(build.id, "drop", {"a": b"1"})
    world.builds.artifact(build.id, "drop", {"b": b"22", "a": b"333"})

    assert world.builds.get_artifact(build.id, "DROP").files == {"a": 3, "b": 2}
    assert world.builds.get_artifact(build.id, "drop").size == 5
