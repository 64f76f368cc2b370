"""Models in a folder: versions, tags, runs; processes that register at once or are killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from amltasks.errors import UserError
from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.registry import KEY, Model, NewModel
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.results_file import ResultsFile

NOW = datetime.now(timezone.utc)
REGISTER = """
import sys
from pathlib import Path
from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.registry import NewModel
folder, path, *keys = sys.argv[1:]
registry = LocalRegistry(Path(folder))
print("ready", flush=True)
sys.stdin.readline()
for key in keys:
    print(registry.register(NewModel(name="m", path=Path(path), key=key)).version, flush=True)
"""


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    made = LocalRegistry(tmp_path / "kept")
    made.open()
    return made


@pytest.fixture
def pickle(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"a model")
    return path


def registering(registry: Path, path: Path, *keys: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", REGISTER, str(registry), str(path), *keys]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def results(folder: Path, **scraps: dict[str, object]) -> Path:
    """A folder of results, with a result for each of the names and a file that it left."""
    made = []
    for name, glued in scraps.items():
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.bin").write_text(name)
        made.append(
            NotebookResult(
                run_id=name, notebook=f"{name}.ipynb", outcome=Outcome.PASSED, scraps=glued, folder=folder / name
            )
        )
    ResultsFile(folder).complete(Report(title="t", results=tuple(made), started_at=NOW, finished_at=NOW))
    return folder


def test_versions_are_counted_and_the_newest_comes_first(registry: LocalRegistry, pickle: Path) -> None:
    assert list(registry.versions("m")) == []

    for key in ("a", "b", "a"):
        registry.register(NewModel(name="m", path=pickle, key=key, tags={"area": key}, properties={"p": "1"}))
    registry.register(NewModel(name="other", path=pickle, key="c"))

    assert [(each.id, each.tags["area"]) for each in registry.versions("m")] == [("m:2", "b"), ("m:1", "a")]
    assert [each.id for each in registry.versions("m", {"area": "a", KEY: ""})] == ["m:1"]
    assert [each.id for each in registry.versions("")] == ["m:2", "m:1", "other:1"]
    assert [each.id for each in registry.versions("", {KEY: "c"})] == ["other:1"]


def test_what_was_said_is_kept(registry: LocalRegistry, pickle: Path) -> None:
    made = registry.register(
        NewModel(
            name="m", path=pickle, key="k", description="d", framework="ScikitLearn", framework_version="1", run="r"
        )
    )

    assert registry.get("m", "1") == made
    assert (made.description, made.framework, made.run) == ("d", "ScikitLearn 1", "r")
    assert registry.get("m", "2") is registry.get("n", "1") is None


def test_stage_and_alias_are_tags(registry: LocalRegistry, pickle: Path) -> None:
    first, _ = (registry.register(NewModel(name="m", path=pickle, key=key)) for key in "ab")

    registry.tag(first, {"stage": "Production", "alias": "champion, steady"})

    assert first.tags.keys() == {KEY}
    for name in ("production", "champion", "steady"):
        found = registry.get("m", name)
        assert found is not None
        assert (found.id, found.stage) == ("m:1", "Production")
    assert registry.get("m", "Staging") is None


@pytest.mark.parametrize("folder", [False, True])
def test_files_and_folders_come_back_as_they_were(
    registry: LocalRegistry, pickle: Path, tmp_path: Path, folder: bool
) -> None:
    source = tmp_path / "model" if folder else pickle
    if folder:
        (source / "deep").mkdir(parents=True)
        (source / "deep" / "weights").write_bytes(b"w")
    made = registry.register(NewModel(name="m", path=source, key="k"))

    found = registry.download(made, tmp_path / "down")

    assert found.name == source.name
    assert (found / "deep" / "weights").read_bytes() == b"w" if folder else found.read_bytes() == b"a model"


def test_what_notebooks_left_is_a_run(registry: LocalRegistry, tmp_path: Path) -> None:
    run = str(results(tmp_path / "out", train={"auc": 0.9, "name": "x", "ok": True}, test={"auc": 0.8}))

    assert [(each.name, each.value, each.run) for each in registry.metrics(run)] == [
        ("auc", 0.9, f"{run}#train"),
        ("auc", 0.8, f"{run}#test"),
    ]
    assert [each.value for each in registry.metrics(f"{run}#test")] == [0.8]
    assert registry.output(run, "test.bin", tmp_path / "down").read_text() == "test"
    with pytest.raises(UserError, match=r"'no\.bin' is not among .*: there are 'test\.bin', 'train\.bin'"):
        registry.output(run, "no.bin", tmp_path / "down")
    with pytest.raises(UserError, match="is not among"):
        registry.output(run, "../results.json", tmp_path / "down")
    with pytest.raises(UserError, match=r"no notebook in .* has the id 'x'"):
        registry.metrics(f"{run}#x")
    with pytest.raises(UserError, match="there is no 'gone' on this machine"):
        registry.metrics("gone")


def test_a_name_cannot_lead_elsewhere(registry: LocalRegistry, pickle: Path) -> None:
    with pytest.raises(UserError, match=r"A model cannot be called '\.\./m'"):
        registry.register(NewModel(name="../m", path=pickle, key="k"))


def test_processes_that_register_at_once_do_not_lose_or_double_a_version(tmp_path: Path, pickle: Path) -> None:
    """Three steps, one of which is there twice."""
    kept = tmp_path / "kept"
    keys = [("a1", "a2", "same"), ("b1", "b2", "same"), ("c1", "c2", "same")]
    processes = [registering(kept, pickle, *each) for each in keys]
    for process in processes:
        go(process)
    told = [process.communicate(timeout=60)[0].split() for process in processes]

    versions = {model.tags[KEY]: model.version for model in LocalRegistry(kept).versions("m")}

    assert sorted(versions) == ["a1", "a2", "b1", "b2", "c1", "c2", "same"]
    assert len(set(versions.values())) == 7
    assert {each[2] for each in told} == {versions["same"]}


def test_a_killed_process_leaves_whole_versions_only(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for number in range(40):
        (model / str(number)).write_bytes(bytes(50_000))
    kept = tmp_path / "kept"
    for attempt in range(4):
        process = registering(kept, model, *(f"{attempt}-{number}" for number in range(10_000)))
        go(process)
        time.sleep(0.03 * (attempt + 1))
        process.send_signal(signal.SIGKILL)
        process.communicate()

    registry = LocalRegistry(kept)
    last: Model = registry.register(NewModel(name="m", path=model, key="last"))

    versions = list(registry.versions("m"))
    assert versions[0] == last
    assert [int(each.version) for each in versions] == list(range(len(versions), 0, -1))
    for each in versions:
        files = list((kept / "models" / "m" / each.version / "content" / "model").iterdir())
        assert {file.stat().st_size for file in files} == {50_000}
        assert len(files) == 40
