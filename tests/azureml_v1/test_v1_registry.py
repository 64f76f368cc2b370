"""Models registered, found, tagged and downloaded through the SDK v1, and what is read of the runs that made them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amltasks.platforms.registry import NewModel
from tests.azureml.cloud import Azure
from tests.azureml.exchanges import FAULTS, Request
from tests.azureml.places import open_places as open_v2
from tests.azureml_v1.places import Places, open_places

pytestmark = pytest.mark.xdist_group("azureml-v1 registry")

REGISTRY = "registry = opened(RegistryV1)\n"


@pytest.fixture(scope="module")
def places(azure: Azure) -> Iterator[Places]:
    with open_places(azure) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of one file, and one of two files in a folder."""
    (tmp_path / "model.pkl").write_text("one")
    (tmp_path / "many" / "deep").mkdir(parents=True)
    (tmp_path / "many" / "a.txt").write_text("a")
    (tmp_path / "many" / "deep" / "b.txt").write_text("b")
    return tmp_path


def ask(places: Places, folder: Path, code: str) -> Any:
    return places.run(REGISTRY + code, folder=str(folder))


def test_a_model_is_registered_once_found_tagged_and_downloaded(places: Places, folder: Path) -> None:
    """Requirement 3.13."""
    one, again, two, found, called, tagged, files = ask(
        places,
        folder,
        """
folder = Path(folder)
new = NewModel(name="m", path=folder / "model.pkl", key="build 1", description="first", tags={"t": "a,b=c"},
               properties={"p": "q"}, framework="ScikitLearn", framework_version="1.4", kind="mlflow")
one, again = registry.register(new), registry.register(new)
two = registry.register(NewModel(name="m", path=folder / "many", key="build 2"))
registry.tag(two, {"alias": "champion,best", "u": "1"})
registry.tag(two, {"u": "2"})
ids = lambda **tags: [each.id for each in registry.versions("m", tags)]
result = [
    *told(one, again, two),
    [ids(), ids(t="a,b=c"), ids(t="a"), ids(t=""), [each.id for each in registry.versions("other")]],
    [getattr(registry.get("m", version), "id", None) for version in ("1", "Best", "3", "none")],
    registry.get("m", "2").tags,
    [registry.download(model, folder / model.version).relative_to(folder).as_posix() for model in (one, two)],
]
""",
    )

    assert one == again
    assert one["tags"] == {"t": "a,b=c", "amltasks.key": "build 1"}
    assert one["properties"] == {"p": "q", "kind": "mlflow"}
    assert (one["version"], one["description"], one["framework"]) == ("1", "first", "ScikitLearn")
    assert one["page"].startswith("https://ml.azure.com/model/m%3A1/details?wsid=/subscriptions/")
    assert two["version"] == "2"
    assert found == [["m:2", "m:1"], ["m:1"], [], ["m:1"], []]
    assert called == ["m:1", "m:2", None, None]
    assert tagged == {"amltasks.key": "build 2", "alias": "champion,best", "u": "2"}
    assert files == ["1/model.pkl", "2/many"]
    assert (folder / "2" / "many" / "deep" / "b.txt").read_text() == "b"


def test_what_a_run_has_left_is_read_and_registered_from_there(places: Places, folder: Path) -> None:
    """Requirements 3.12, 3.14: the model stays linked to the run."""
    run, metrics, file, whole, refused, unknown, linked, uploaded = ask(
        places,
        folder,
        """
from azureml.core import Experiment
folder = Path(folder)
run = Experiment(registry._workspace, "train").start_logging(snapshot_directory=None)
run.log("r2", 0.25)
run.log("r2", 0.5)
with run.child_run("fold") as child:
    child.log("r2", 0.125)
run.upload_folder("outputs/model", str(folder / "many"))
run.complete()
file = registry.output(run.id, "outputs/model/a.txt", folder / "file")
whole = registry.output(run.id, "outputs/model/", folder / "whole")
linked = registry.register(NewModel(name="r", path=whole, key="1", run=run.id, output="outputs/model"))
uploaded = registry.register(NewModel(name="r", path=folder / "model.pkl", key="2", run=run.id))
registry.download(linked, folder / "linked")
result = [
    run.id,
    sorted((each.name, each.value, each.run == run.id) for each in registry.metrics(run.id)),
    file.read_text(),
    sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*.txt")),
    refused(lambda: registry.output(run.id, "outputs/modle", folder / "none")),
    refused(lambda: registry.metrics("no-such-run")),
    *told(linked, uploaded),
]
""",
    )

    assert metrics == [["r2", 0.125, False], ["r2", 0.5, True]]
    assert file == "a"
    assert whole == ["a.txt", "deep/b.txt"]
    assert refused.startswith(f"UserError: The run {run} has left nothing called 'outputs/modle'")
    assert "'outputs/model/a.txt'" in refused
    assert unknown == "UserError: The metrics of no-such-run could not be read: there is no such run."
    assert linked["run"] == uploaded["run"] == run
    assert (folder / "linked" / "model" / "deep" / "b.txt").is_file()


@pytest.mark.long
def test_what_one_sdk_registers_the_other_finds_and_downloads(
    places: Places, folder: Path, azureml_python: Path
) -> None:
    ask(
        places,
        folder,
        "new = NewModel(name='ours', path=Path(folder) / 'many', key='1', tags={'by': 'v1'}, properties={'p': 'q'})\n"
        "result = registry.register(new).id",
    )
    with open_v2(dataclasses.replace(places.azure, python=azureml_python)) as by_v2:
        registry = by_v2.open("amltasks.platforms.azureml.v2.registry:RegistryV2")
        found = registry("get", name="ours", version="1")
        got = Path(registry("download", model=found, folder=str(folder / "v2")))
        registry("tag", model=found, tags={"alias": "champion"})
        registry("register", model=NewModel(name="ours", path=folder / "model.pkl", key="2", tags={"by": "v2"}))
    champion, newest, again, path = ask(
        places,
        folder,
        """
[two, one] = registry.versions("ours")
again = registry.register(NewModel(name="ours", path=Path(folder) / "model.pkl", key="2"))
path = registry.download(two, Path(folder) / "v1")
result = [registry.get("ours", "champion").id, two.tags["by"], again.id, path.read_text()]
""",
    )

    assert (found["tags"]["by"], found["properties"]["p"]) == ("v1", "q")
    assert (got / "deep" / "b.txt").read_text() == "b"
    assert (champion, newest, again, path) == ("ours:1", "v2", "ours:2", "one")


@pytest.mark.parametrize(
    "fault", ["reset after", *(pytest.param(fault, marks=pytest.mark.long) for fault in ("429", "409", "reset"))]
)
def test_a_registration_that_fails_once_is_made_once(places: Places, folder: Path, fault: str) -> None:
    """Before it is carried out, or after: with the answer lost."""
    faults = places.azure.world.faults
    faults.add(Request("model", "POST", "*/models").fault(FAULTS[fault]))

    registered = ask(
        places,
        folder,
        f"new = NewModel(name='{fault.replace(' ', '-')}', path=Path(folder) / 'model.pkl', key='k')\n"
        "result = [registry.register(new).version, len(list(registry.versions(new.name)))]",
    )

    faults.clear()
    assert registered == ["1", 1]
