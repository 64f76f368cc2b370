"""Datasets: saved, registered in versions, read by the engine of the SDK v1, found by the SDK v2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.locking import one_at_a_time
from tests.sandbox.azure.conftest import Cloud
from tests.sandbox.azure.sdk import Sdk
from tests.sandbox.azureml_v1.scene import CLIENT, Scene

pytestmark = pytest.mark.xdist_group("azureml v1 data")  # the SDKs of test_v1_data.py
RECIPE = "type: mltable\npaths:\n  - pattern: {}\n"


@pytest.fixture(scope="session")
def sdk_of_datasets(shared: Path) -> Iterator[Sdk]:
    """The SDK v1 with its engine for data."""
    import environment

    with one_at_a_time(shared / "datasets.lock"):
        python = environment.datasets_python()
    sdk = Sdk(python)
    yield sdk
    sdk.close()


def dataset(name: str, of: str = "a", **more: Any) -> dict[str, Any]:
    """As the SDK sends it."""
    dataflow = json.dumps({"blocks": [], "meta": {"RsDataflow": RECIPE.format(of)}})
    latest = {"datasetDefinitionState": {}, "dataflow": dataflow, "properties": {}, **more.pop("latest", {})}
    return {"name": name, "datasetType": "file", "isVisible": True, "latest": latest, **more}


def register(scene: Scene, body: dict[str, Any], again: bool = False) -> httpx.Response:
    flag = str(again).lower()
    return scene.ask("POST", "dataset/v1.0:datasets", body, ifExistsOk=flag, updateDefinitionIfExists=flag)


def test_versions_are_made_of_what_changes(scene: Scene, sdk: Sdk) -> None:
    first = register(scene, dataset("d", tags={"a": "b"}, description="one")).json()
    answers = [
        register(scene, dataset("d")),
        register(scene, dataset("d"), again=True),
        register(scene, dataset("d", of="b"), again=True),
    ]
    one = scene.ask("GET", "dataset/v1.0:datasets/query/name=d", versionId="1").json()
    saved = one["latest"]["savedDatasetId"]
    by_id = scene.ask("GET", f"dataset/v1.0:datasets/query/savedDatasetId={saved}").json()["value"]
    recipe = scene.ask("GET", f"data/v1.0:dataversion/unregistered-{saved}/versions/1").json()
    by_v2 = scene.run_v2(
        sdk,
        "one = client.data.get('d', '1')\nresult = [one.type, one.tags, one.description,"
        " sorted(each.version for each in client.data.list('d'))]",
    )

    assert [each.status_code for each in answers] == [409, 200, 200]
    assert [each.json()["latest"]["versionId"] for each in answers[1:]] == ["1", "2"]
    assert one["datasetId"] == first["datasetId"] == by_id[0]["datasetId"]
    assert recipe == {"legacyDataflow": RECIPE.format("a")}
    assert by_v2 == ["mltable", {"a": "b"}, "one", ["1", "2"]]


def test_what_is_saved_is_registered_once(scene: Scene) -> None:
    body = dataset("d")
    saving = {"datasetType": "file", "properties": {}, "dataflowJson": body["latest"]["dataflow"]}
    saved = scene.ask("POST", "dataset/v1.0:saveddatasets", saving).json()["id"]
    latest = {"savedDatasetId": saved}

    made = register(scene, dataset("d", latest=latest))
    other = register(scene, dataset("other", latest=latest))
    unknown = register(scene, dataset("unknown", latest={"savedDatasetId": "none"}))
    found = scene.ask("GET", f"dataset/v1.0:saveddatasets/{saved}").json()

    assert made.json()["latest"]["savedDatasetId"] == found["id"] == saved
    assert (other.status_code, "has been registered as d:1 (name:version)." in other.text) == (400, True)
    assert unknown.status_code == 404


def test_tags_are_changed_and_names_given_back(scene: Scene) -> None:
    made = register(scene, dataset("d", tags={"a": "b"})).json()

    changed = scene.ask("PUT", f"dataset/v1.0:datasets/{made['datasetId']}", dataset("d", tags={"c": "d"})).json()
    in_v2 = scene.ask("GET", "data/d/versions/1").json()["properties"]["tags"]
    removed = scene.ask("DELETE", "dataset/v1.0:datasets/d")
    left = scene.ask("GET", "dataset/v1.0:datasets").json()["value"]

    assert changed["tags"] == in_v2 == {"c": "d"}
    assert (removed.status_code, left) == (200, [])
    assert scene.ask("GET", "data/d/versions/1").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("GET", "datasets/query/name=none", None, (404, "none")),
        ("GET", "saveddatasets/none", None, (404, "none")),
        ("DELETE", "datasets/none", None, (404, "none")),
        ("POST", "datasets", dataset("d", colour="blue"), (400, "colour")),
        ("POST", "datasets", dataset("d", latest={"dataflow": "{}"}), (400, "RsDataflow")),
        ("POST", "datasets", dataset("d", datasetType="sound"), (400, "sound")),
        ("GET", "datasets/x/definitions", None, (501, "does not play")),
    ],
)
def test_what_is_refused_says_why(scene: Scene, method: str, path: str, body: Any, says: tuple[int, str]) -> None:
    answer = scene.ask(method, f"dataset/v1.0:{path}", body)

    assert (answer.status_code, says[1] in answer.json()["error"]["message"]) == (says[0], True)


@pytest.mark.long  # its engine takes 430 MB
def test_the_engine_reads_what_is_registered(scene: Scene, code: Path, sdk: Sdk, sdk_of_datasets: Sdk) -> None:
    (code / "deep").mkdir()
    (code / "deep" / "a.txt").write_text("alpha")
    (code / "t.csv").write_text("a,b\n1,2\n3,4\n")
    with_engine = Cloud(**{**vars(scene.cloud), "sdk": sdk_of_datasets})
    theirs = "client.data.create_or_update(Data(name='theirs', path=folder, type='uri_folder'))"
    scene.run_v2(sdk, theirs, folder=str(code / "deep"))

    found = with_engine.run(
        CLIENT
        + """
from pathlib import Path
from azureml.core import Dataset
store = ws.get_default_datastore()
store.upload(folder, "some", show_progress=False)
Dataset.File.from_files((store, "some/deep")).register(ws, "files", tags={"a": "b"})
Dataset.Tabular.from_delimited_files((store, "some/t.csv")).register(ws, "table")
files = Dataset.get_by_name(ws, "files")
files.add_tags({"c": "d"})
second = Dataset.File.from_files((store, "some")).register(ws, "files", create_new_version=True)
def read(dataset): return [Path(path).read_text() for path in dataset.download(overwrite=True)]
result = [files.to_path(), read(files), files.version, second.version, sorted(Dataset.get_all(ws).keys()),
          Dataset.get_by_id(ws, files.id).name, Dataset.get_by_name(ws, "files", version=1).tags,
          Dataset.get_by_name(ws, "table").keep_columns("b").take(1).to_csv_files().to_path()[:1] != [],
          read(Dataset.get_by_name(ws, "theirs"))]
""",
        workspace=scene.workspace.name,
        folder=str(code),
    )

    assert found[:2] == [["/a.txt"], ["alpha"]]
    assert found[2:6] == [1, 2, ["files", "table"], "files"]
    assert found[6] == {"a": "b", "c": "d"}
    assert found[7:] == [True, ["alpha"]]
    assert not [
        each.url for each in scene.cloud.world.journal.exchanges if "visualstudio" in each.url and each.status > 200
    ]
