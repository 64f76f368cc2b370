"""A local git repository, read over REST as one reads it to learn what changed."""

from __future__ import annotations

import io
import zipfile
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
def repository(world: World, checkout: Checkout) -> str:
    return world.git.add("demo", checkout.path).id


def changed(answer: dict[str, Any], key: str = "changes") -> dict[str, str]:
    return {each["item"]["path"]: each["changeType"] for each in answer[key]}


def test_repositories_are_known_by_name_and_id_that_stays(
    world: World, sdk: Any, repository: str, checkout: Checkout
) -> None:
    client = sdk.get_git_client()

    assert [(each.id, each.default_branch) for each in client.get_repositories("demo")] == [
        (repository, "refs/heads/main")
    ]
    assert client.get_repository("DEMO", "demo").id == repository
    assert world.git.add("demo", checkout.path).id == repository


def test_the_sdk_reads_items_and_archives(
    world: World, sdk: Any, client: Client, repository: str, checkout: Checkout, tmp_path: Path
) -> None:
    world.journal.to(tmp_path / "exchanges.jsonl")
    git = sdk.get_git_client()

    paths = [each.path for each in git.get_items(repository, "demo", scope_path="/notebooks", recursion_level="full")]
    item = git.get_item(repository, "/run.sh", "demo", include_content=True)
    content = b"".join(git.get_item_content(repository, "/notebooks/train.ipynb", "demo"))
    commit = git.get_commit(checkout.main, repository, "demo")
    query = f"scopePath=/&versionDescriptor.version={checkout.first}&versionDescriptor.versionType=commit"
    archive = client.call(
        "GET", f"git/repositories/demo/items?{query}&$format=zip&download=true&zipForUnix=true&api-version=7.1"
    )

    assert paths == ["/notebooks", "/notebooks/größe.ipynb", "/notebooks/old name.ipynb", "/notebooks/train.ipynb"]
    assert (item.content, item.git_object_type) == ("#!/bin/sh\n", "blob")
    assert content == b"{}"
    assert (commit.comment, commit.parents, commit.author.name) == ("meanwhile", [checkout.first], "A B")
    entries = {
        each.filename: each.external_attr >> 16 for each in zipfile.ZipFile(io.BytesIO(archive.content)).infolist()
    }
    assert set(entries) == {"notebooks/größe.ipynb", "notebooks/old name.ipynb", "notebooks/train.ipynb", "run.sh"}
    assert entries["run.sh"] & 0o111
    if SHARED.is_dir():
        assert check_recording(tmp_path / "exchanges.jsonl") == ""


def test_a_comparison_with_the_common_commit_is_what_a_pull_request_shows(client: Client, repository: str) -> None:
    path = f"git/repositories/{repository}/diffs/commits?baseVersion=main&targetVersion=feature"

    three_dots = client.get(f"{path}&diffCommonCommit=true")
    two_dots = client.get(path)

    assert changed(three_dots) == {
        "/notebooks/new name.ipynb": "rename",
        "/notebooks/new.ipynb": "add",
        "/notebooks/train.ipynb": "edit",
        "/run.sh": "delete",
    }
    assert changed(two_dots) == {**changed(three_dots), "/README.md": "delete"}
    assert (three_dots["aheadCount"], three_dots["behindCount"]) == (1, 1)
    renamed = next(each for each in three_dots["changes"] if each["changeType"] == "rename")
    assert renamed["sourceServerItem"] == "/notebooks/old name.ipynb"


def test_a_comparison_comes_in_pages(client: Client, repository: str) -> None:
    path = f"git/repositories/{repository}/diffs/commits?baseVersion=main&targetVersion=feature&diffCommonCommit=true"

    first, rest = client.get(f"{path}&$top=3"), client.get(f"{path}&$top=3&$skip=3")

    assert (len(first["changes"]), first["allChangesIncluded"]) == (3, False)
    assert (len(rest["changes"]), rest["allChangesIncluded"]) == (1, True)


def test_a_commit_tells_its_changes_and_a_first_one_all_its_files(
    client: Client, repository: str, checkout: Checkout
) -> None:
    path = f"git/repositories/{repository}/commits"

    assert changed(client.get(f"{path}/{checkout.main}/changes")) == {"/README.md": "add"}
    assert len(changed(client.get(f"{path}/{checkout.first}/changes"))) == 4


def test_an_iteration_of_a_pull_request_tells_what_it_changes(world: World, client: Client, repository: str) -> None:
    opened = world.git.pull_request("demo", source="refs/heads/feature", target="refs/heads/main")
    path = f"git/repositories/{repository}/pullRequests/{opened.id}/iterations"

    whole = client.get(f"{path}/1/changes")
    page = client.get(f"{path}/1/changes?$top=3")

    assert len(changed(whole, "changeEntries")) == 4
    assert (whole["nextSkip"], page["nextSkip"], page["nextTop"]) == (0, 3, 3)
    assert client.refused("GET", f"{path}/1/changes?$top=2001")[0] == 400
    assert client.refused("GET", f"{path}/2/changes")[0] == 404


def test_refs_are_found_by_how_they_begin_and_what_they_hold(
    client: Client, repository: str, checkout: Checkout
) -> None:
    path = f"git/repositories/{repository}/refs"

    every = {each["name"]: each["objectId"] for each in client.get(path)["value"]}

    assert every == {"refs/heads/feature": checkout.feature, "refs/heads/main": checkout.main}
    assert client.get(f"{path}?filter=heads/fea")["count"] == 1
    assert client.get(f"{path}?filterContains=main")["count"] == 1


def test_a_folder_is_listed_without_what_lies_deeper(client: Client, repository: str) -> None:
    def paths(query: str) -> list[str]:
        answer = client.get(f"git/repositories/{repository}/items?scopePath=/&{query}")
        return [each["path"] for each in answer["value"]]

    assert paths("recursionLevel=none") == ["/"]
    assert paths("recursionLevel=oneLevel") == ["/", "/README.md", "/notebooks", "/run.sh"]


def test_a_pull_request_tells_its_branches_and_its_one_iteration(
    world: World, sdk: Any, repository: str, checkout: Checkout
) -> None:
    opened = world.git.pull_request("demo", source="refs/heads/feature", target="refs/heads/main", title="Change")
    git = sdk.get_git_client()

    found = git.get_pull_request(repository, opened.id, "demo")
    [iteration] = git.get_pull_request_iterations(repository, opened.id, "demo")

    assert (found.title, found.source_ref_name, found.target_ref_name) == (
        "Change",
        "refs/heads/feature",
        "refs/heads/main",
    )
    assert (iteration.id, iteration.source_ref_commit.commit_id) == (1, checkout.feature)
    assert iteration.common_ref_commit.commit_id == checkout.first
    assert git.get_pull_request_iteration(repository, opened.id, 1, "demo").id == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("other", 404),
        ("demo/items?path=/none.ipynb", 404),
        ("demo/items?path=/run.sh&versionDescriptor.version=none", 404),
        ("demo/items?path=/run.sh&versionDescriptor.version=refs/heads/main", 404),
        ("demo/items?path=/run.sh&versionDescriptor.version=--all", 404),
        ("demo/items?path=/run.sh&versionDescriptor.version=main&versionDescriptor.versionType=ref", 400),
        ("demo/items?scopePath=/&recursionLevel=deep", 400),
        ("demo/commits/0000000000000000000000000000000000000000", 404),
        ("demo/commits/HEAD", 404),
        ("demo/pullRequests/7", 404),
    ],
)
def test_what_is_not_there_is_refused(client: Client, repository: str, path: str, status: int) -> None:
    assert repository
    assert client.refused("GET", f"git/repositories/{path}")[0] == status
