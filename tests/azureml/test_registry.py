"""Models of a workspace by the SDK v2: registered once, found by what they are called, brought back as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.azureml.cloud import Azure
from tests.azureml.places import Place, Places, RefusedError
from tests.azureml.steps import Ended, repository

pytestmark = pytest.mark.xdist_group("azureml-places")


@pytest.fixture(scope="module")
def registry(places: Places) -> Place:
    return places.open("amltasks.platforms.azureml.v2.registry:RegistryV2")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"weights")
    return path


def new(name: str, path: Path, key: str = "build 1", **more: Any) -> dict[str, Any]:
    return {"name": name, "path": path, "key": key, **more}


def test_a_version_is_registered_once_for_each_key(registry: Place, file: Path) -> None:
    """A step that is tried again finds what it has registered before."""
    tags = {"commit": "abc"}
    first = registry("register", model=new("once", file, tags=tags, framework="ScikitLearn", description="a model"))
    again = registry("register", model=new("once", file, tags=tags))
    file.write_bytes(b"other weights")
    second = registry("register", model=new("once", file, key="build 2"))

    assert (first["version"], again["version"], second["version"]) == ("1", "1", "2")
    assert (first["framework"], first["description"], first["tags"]["commit"]) == ("ScikitLearn", "a model", "abc")
    assert [each["version"] for each in registry("versions", name="once")] == ["2", "1"]
    assert [each["version"] for each in registry("versions", name="once", tags={"commit": ""})] == ["1"]
    assert registry("versions", name="none") == []


def test_a_version_is_found_by_number_stage_and_alias(registry: Place, file: Path) -> None:
    for build in ("1", "2"):
        registry("register", model=new("called", file, key=build))
    first = registry("get", name="called", version="1")
    registry("tag", model=first, tags={"alias": "champion, best", "stage": "Production"})

    for name in ("1", "champion", "Best", "production"):
        assert registry("get", name="called", version=name)["version"] == "1"
    assert registry("get", name="called", version="staging") is None
    assert registry("get", name="called", version="3") is None
    assert registry("get", name="other", version="1") is None


def test_tags_are_added_to_those_that_there_are(registry: Place, file: Path) -> None:
    model = registry("register", model=new("tagged", file, tags={"a": "1", "b": "1"}))
    registry("tag", model=model, tags={"b": "2", "c": "3"})

    tags = registry("get", name="tagged", version="1")["tags"]
    assert {name: tags[name] for name in "abc"} == {"a": "1", "b": "2", "c": "3"}


def test_a_file_comes_back_as_it_was(registry: Place, file: Path, tmp_path: Path) -> None:
    model = registry("register", model=new("file", file))

    found = Path(registry("download", model=model, folder=tmp_path / "got"))
    assert (found.name, found.read_bytes()) == ("model.pkl", b"weights")


def test_a_folder_comes_back_as_it_was(registry: Place, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    (whole / "inner").mkdir(parents=True)
    (whole / "MLmodel").write_text("flavors: {}\n")
    (whole / "inner" / "weights").write_bytes(b"1")
    model = registry("register", model=new("folder", whole))

    found = Path(registry("download", model=model, folder=tmp_path / "got"))
    left = {path.relative_to(found).as_posix() for path in found.rglob("*") if path.is_file()}
    assert left == {"MLmodel", "inner/weights"}


@pytest.mark.long
def test_a_run_is_asked_for_metrics_and_files(places: Places, registry: Place, tmp_path: Path) -> None:
    """And a model is registered from what it has left, without being sent a second time."""
    run = trained(places.azure, tmp_path)

    assert {each["name"]: each["value"] for each in registry("metrics", run=run)}["r2"] == 0.5
    found = Path(registry("output", run=run, path="outputs/model", folder=tmp_path / "left"))
    assert [(path.name, path.read_text()) for path in found.iterdir()] == [("weights", "trained")]
    file = Path(registry("output", run=run, path="outputs/model/weights", folder=tmp_path / "one"))
    assert (file.name, file.read_text()) == ("weights", "trained")
    named = Path(registry("output", run=run, path="extra/m.txt", folder=tmp_path / "named"))
    assert named.read_text() == "named"
    with pytest.raises(RefusedError, match=r"has left nothing called 'outputs/modell' \(did you mean 'outputs/model"):
        registry("output", run=run, path="outputs/modell", folder=tmp_path / "none")
    with pytest.raises(RefusedError, match="nobody"):
        registry("metrics", run="nobody")

    sent = places.azure.asked("PUT", "blob.core.windows.net")
    model = registry("register", model=new("from-run", tmp_path, run=run, output="outputs/model"))
    assert model["run"] == run
    assert places.azure.asked("PUT", "blob.core.windows.net") == sent
    got = Path(registry("download", model=model, folder=tmp_path / "got"))
    assert (got / "weights").read_text() == "trained"


TRAINING = """
import json, os, pathlib, time, urllib.request
uri = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://").replace("/mlflow/v1.0", "/mlflow/v2.0")
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
for value in (0.25, 0.5):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "r2", "value": value, "timestamp": int(time.time() * 1000)}
    address = uri + "/api/2.0/mlflow/runs/log-metric"
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers)).status
left = pathlib.Path("../outputs/model")
left.mkdir(parents=True)
(left / "weights").write_text("trained")
pathlib.Path(os.environ["AZURE_ML_OUTPUT_extra"], "m.txt").write_text("named")
"""


def trained(azure: Azure, folder: Path) -> str:
    """A notebook has run as a job; its name."""
    repo = repository(folder / "repo", {"train": [TRAINING]})
    job = azure.job(repo, {"outputFolder": str(folder / "out"), "outputs": "extra"})
    ended = Ended(azure.start(job), folder / "out" / "results.json")
    assert ended.code == 0, ended.log
    (run,) = azure.jobs()
    return str(run.id)
