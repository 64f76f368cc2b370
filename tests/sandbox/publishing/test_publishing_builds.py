"""What tasks ask of builds: to be cancelled, and for the artifact of an earlier one."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from amltasks.devops.builds import cancel_build, latest_file
from amltasks.devops.client import Client
from amltasks.devops.pacing import Pace
from amltasks.errors import ServiceError
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import Scene


@pytest.fixture
def client(scene: Scene) -> Client:
    return Client(scene.server.collection_url, scene.world.tokens.issue("Build"), Pace(deadline=time.monotonic() + 60))


@pytest.fixture
def build(scene: Scene) -> Callable[..., int]:
    """A build with artifacts, that has ended where it has a result."""

    def make(result: str = "", branch: str = "main", **artifacts: bytes) -> int:
        builds = scene.world.builds
        made = builds.create("notebooks", source_branch=f"refs/heads/{branch}", source_version="1", repository="demo")
        for name, content in artifacts.items():
            builds.artifact(made.id, name, {"deep/model.json": content})
        if result:
            builds.finish(made.id, result)  # type: ignore[arg-type]
        return made.id

    return make


def test_a_build_is_cancelled_though_the_first_answer_is_lost(
    scene: Scene, client: Client, build: Callable[..., int]
) -> None:
    running = build()
    scene.world.faults.add(Fault(method="PATCH", path="*/builds/*", nth=1, status=503))

    cancel_build(client, scene.world.project.id, running)

    assert scene.world.builds.get(running).status == "cancelling"


def test_who_may_not_cancel_is_told_what_is_missing(scene: Scene, client: Client, build: Callable[..., int]) -> None:
    scene.world.faults.add(Fault(method="PATCH", path="*/builds/*", nth="every", status=403))

    with pytest.raises(ServiceError, match="Give the build service identity the permission 'Stop builds'"):
        cancel_build(client, scene.world.project.id, build())


def test_the_last_build_with_the_artifact_is_found(scene: Scene, client: Client, build: Callable[..., int]) -> None:
    build("succeeded", wanted=b"old")
    last = build("failed", wanted=b"new", other=b"no")
    build("succeeded", branch="other", wanted=b"other branch")
    build("succeeded", other=b"no")
    build(wanted=b"not ended")
    numbers = {each.id: each.number for each in scene.world.builds.all()}

    def latest(branch: str, artifact: str = "wanted", name: str = "model.json") -> tuple[str, bytes] | None:
        return latest_file(client, scene.world.project.id, 1, branch, artifact, name)

    assert latest("refs/heads/main") == (numbers[last], b"new")
    assert latest("") == (numbers[last + 1], b"other branch")
    assert latest("refs/heads/main", "none") is None
    with pytest.raises(ServiceError, match=r"The artifact wanted of the last build that has one holds no other\.json"):
        latest("refs/heads/main", name="other.json")
