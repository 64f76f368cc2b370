"""What is said of a pull request: threads, statuses and pictures, through the SDK and by hand."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World
from tests.sandbox.services.checkout import Checkout
from tests.sandbox.services.http_client import SHARED, Client, check_recording


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def place(world: World, checkout: Checkout) -> tuple[str, int]:
    """A repository's id and the number of its pull request, which has two iterations."""
    repository = world.git.add("demo", checkout.path)
    branches = {"source": "refs/heads/feature", "target": "refs/heads/main"}
    world.git.push(repository, commit=checkout.first, **branches)
    return repository.id, world.git.push(repository, commit=checkout.feature, **branches).id


def path(place: tuple[str, int], rest: str) -> str:
    return f"git/repositories/{place[0]}/pullRequests/{place[1]}/{rest}"


def begun(client: Client, place: tuple[str, int], **members: Any) -> Any:
    return client.post(path(place, "threads"), {"comments": [{"content": "first"}], **members})


def test_the_sdk_begins_a_thread_changes_it_and_shows_a_picture_in_it(
    world: World, sdk: Any, place: tuple[str, int], tmp_path: Path
) -> None:
    world.journal.to(tmp_path / "exchanges.jsonl")
    git = sdk.get_git_client()
    asked = {"comments": [{"content": "first", "commentType": "text"}], "status": "active"}

    thread = git.create_thread(asked, *place, "demo")
    git.update_comment({"content": "second"}, *place, thread.id, thread.comments[0].id, "demo")
    git.update_thread({"status": "fixed"}, *place, thread.id, "demo")
    file = git.create_attachment(io.BytesIO(b"\x89PNG"), "a.png", *place, "demo")
    [attached] = git.get_attachments(*place, "demo")
    [found] = git.get_threads(*place, "demo")

    assert (found.status, found.comments[0].content) == ("fixed", "second")
    assert attached.url == file.url
    assert b"".join(git.get_attachment_content("a.png", *place, "demo")) == b"\x89PNG"
    if SHARED.is_dir():
        assert check_recording(tmp_path / "exchanges.jsonl") == ""


def test_of_several_statuses_of_one_context_all_are_told(sdk: Any, place: tuple[str, int]) -> None:
    git = sdk.get_git_client()
    context = {"genre": "tests", "name": "notebooks"}

    for state in ("pending", "failed"):
        git.create_pull_request_status({"context": context, "state": state, "iterationId": 2}, *place, "demo")

    told = [(each.id, each.state, each.iteration_id) for each in git.get_pull_request_statuses(*place, "demo")]
    assert told == [(1, "pending", 2), (2, "failed", 2)]


def test_its_page_shows_what_is_said_with_its_pictures_and_nothing_that_could_do_harm(
    world: World, client: Client, place: tuple[str, int]
) -> None:
    said = world.git.discussions
    said.attach(place[1], "a.png", "Build Service", b"\x89PNG")
    address = f"{client.server.collection_url}demo/_apis/{path(place, 'attachments/a.png')}"
    said.begin(place[1], "Build Service", f"**bold** <script>alert(1)</script> ![figure]({address})", "active")

    answer = client.call("GET", f"/sandbox/demo/_git/demo/pullrequest/{place[1]}")
    page = client.call("GET", answer.headers["Location"]).text
    picture = client.call("GET", f"/pull-requests/{place[1]}/attachments/a.png")

    assert "<strong>bold</strong>" in page
    assert "<script" not in page
    assert f'<img src="/pull-requests/{place[1]}/attachments/a.png"' in page
    assert (picture.content, picture.headers["Content-Type"]) == (b"\x89PNG", "image/png")
    assert client.call("GET", "/pull-requests/999").status_code == 404


def test_every_push_is_an_iteration(world: World, sdk: Any, checkout: Checkout, place: tuple[str, int]) -> None:
    iterations = sdk.get_git_client().get_pull_request_iterations(*place, "demo")

    assert [(each.id, each.source_ref_commit.commit_id) for each in iterations] == [
        (1, checkout.first),
        (2, checkout.feature),
    ]
    again = world.git.push(
        world.git.get("demo"), source="refs/heads/feature", target="refs/heads/main", commit=checkout.feature
    )
    assert (again.id, len(again.iterations)) == (place[1], 2)


def test_a_deleted_comment_leaves_a_deleted_thread(client: Client, place: tuple[str, int]) -> None:
    thread = begun(client, place)["id"]

    client.call("DELETE", path(place, f"threads/{thread}/comments/1"))

    found = client.get(path(place, f"threads/{thread}"))
    assert found["isDeleted"] is True
    assert "content" not in found["comments"][0]


def test_without_the_right_to_contribute_all_is_read_and_nothing_written(
    world: World, client: Client, place: tuple[str, int]
) -> None:
    thread = begun(client, place)["id"]
    world.git.allow_contributions("demo", False)

    for method, rest, body in (
        ("POST", "threads", {"comments": [{"content": "x"}]}),
        ("PATCH", f"threads/{thread}", {"status": "fixed"}),
        ("PATCH", f"threads/{thread}/comments/1", {"content": "x"}),
        ("POST", "statuses", {"context": {"name": "x"}}),
    ):
        status, message = client.refused(method, path(place, rest), body)
        assert status == 403
        assert message.startswith("TF401027: You need the Git 'PullRequestContribute' permission")
    assert client.get(path(place, "threads"))["value"][0]["comments"][0]["content"] == "first"


def test_a_comment_is_its_authors(world: World, client: Client, place: tuple[str, int]) -> None:
    thread = begun(client, place)["id"]
    other = Client(client.server, world.tokens.issue("Somebody else"))

    assert other.refused("PATCH", path(place, f"threads/{thread}/comments/1"), {"content": "mine"})[0] == 403


@pytest.mark.parametrize(
    ("rest", "body", "said"),
    [
        ("threads", {"comments": []}, "comments"),
        ("threads", {"comments": [{"content": "x" * 150_001}]}, "cannot be longer than 150000 characters"),
        ("threads", {"comments": [{"content": "x"}], "status": "open"}, "'open' is none of"),
        ("threads", {"comments": [{"content": "x"}], "colour": "red"}, "colour"),
        ("statuses", {"state": "failed"}, "context"),
        ("statuses", {"context": {"name": "x"}, "iterationId": 3}, "no iteration 3"),
        ("attachments/a.png", {}, "application/octet-stream"),
    ],
)
def test_what_does_not_fit_is_refused(client: Client, place: tuple[str, int], rest: str, body: Any, said: str) -> None:
    status, message = client.refused("POST", path(place, rest), body)

    assert 400 <= status < 500
    assert said in message
