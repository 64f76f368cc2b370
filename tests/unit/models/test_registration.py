"""What is registered, and what is not: decisions, idempotence, where metrics and files come from."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from amltasks.commands.register_model_request import RegisterModelRequest
from amltasks.commands.registering import Registered, register_model
from amltasks.errors import UserError
from amltasks.models.content import content_hash
from amltasks.models.lineage import LONGEST_VALUE, MOST_TAGS
from amltasks.models.measured import PROPERTY, Measured, numbers_in, of_champion, to_properties
from amltasks.models.trace import Question, trace
from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.registry import NewModel
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.results_file import ResultsFile

NOW = datetime.now(timezone.utc)
BUILD = {"build": "7", "buildNumber": "n.7", "commit": "c0ffee" * 6 + "abcd", "step": "model", "branch": "refs/heads/x"}

Register = Callable[..., Registered]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a model, its metrics, and the results of a notebook that made another one."""
    folder = tmp_path / "repo"
    left = tmp_path / "results" / "train"
    (left / "outputs").mkdir(parents=True)
    folder.mkdir()
    (folder / "model.pkl").write_text("weights")
    (folder / "metrics.json").write_text('{"accuracy": 0.8, "recall": {"EU": 0.7}}')
    (left / "outputs" / "model.pkl").write_text("trained")
    result = NotebookResult(
        run_id="train",
        notebook="train.ipynb",
        outcome=Outcome.PASSED,
        parameters={"alpha": 1},
        scraps={"accuracy": 0.9},
        folder=left,
        started_at=NOW - timedelta(seconds=1),
    )
    report = Report(title="t", results=(result,), started_at=NOW, finished_at=NOW)
    ResultsFile(left.parent).complete(report)
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    return LocalRegistry(tmp_path / "kept")


@pytest.fixture
def register(root: Path, registry: LocalRegistry, tmp_path: Path) -> Register:
    def run(build: dict[str, str] | None = None, **inputs: str) -> Registered:
        given = {"modelName": "m", "path": "model.pkl", "metricsFile": "metrics.json", **inputs}
        request = RegisterModelRequest.from_inputs(given, root)
        return register_model(request, registry, BUILD if build is None else build, tmp_path, lambda line: None)

    return run


def accuracy(root: Path, value: float) -> None:
    (root / "metrics.json").write_text(json.dumps({"accuracy": value}))


def ids(registry: LocalRegistry) -> list[str]:
    return [model.id for model in registry.versions("m")]


def test_the_same_step_of_the_same_build_registers_once(register: Register, registry: LocalRegistry) -> None:
    first, again = register(metrics="[accuracy]"), register(metrics="[accuracy]")
    other_step = register({**BUILD, "step": "other"}, metrics="[accuracy]", accept="equal")
    another_attempt = register({**BUILD, "buildNumber": "renamed"}, metrics="[accuracy]")

    assert ids(registry) == ["m:2", "m:1"]
    told = [each.metadata.model if each.metadata else "" for each in (first, again, other_step, another_attempt)]
    assert told == ["m:1", "m:1", "m:2", "m:1"]
    assert [each.registration.verdict for each in (first, again)] == ["first", "first"]


def test_other_content_in_the_same_build_is_another_version(
    register: Register, registry: LocalRegistry, root: Path
) -> None:
    register()
    (root / "model.pkl").write_text("other weights")
    register()

    assert ids(registry) == ["m:2", "m:1"]


def test_outside_of_builds_every_time_counts(register: Register, registry: LocalRegistry) -> None:
    for _ in range(2):
        register({})

    assert ids(registry) == ["m:2", "m:1"]


@pytest.mark.parametrize(
    ("value", "inputs", "registered", "verdict", "failed"),
    [
        (0.9, {}, True, "better", False),
        (0.7, {}, False, "worse", False),
        (0.7, {"whenNotBetter": "fail"}, False, "worse", True),
        (0.7, {"override": "a reason"}, True, "overridden", False),
        (0.9, {"override": "a reason"}, True, "better", False),
        (0.8, {}, False, "equal", False),
        (0.8, {"accept": "first, better, equal"}, True, "equal", False),
        (float("nan"), {}, False, "unknown", False),
        (float("nan"), {"accept": "unknown"}, True, "unknown", False),
        (0.1, {"metrics": ""}, True, "", False),
    ],
)
def test_what_the_gate_lets_through(
    register: Register, root: Path, value: float, inputs: dict[str, str], registered: bool, verdict: str, failed: bool
) -> None:
    register(metrics="[accuracy]")
    accuracy(root, value)

    done = register({**BUILD, "build": "8"}, **{"metrics": "[accuracy]", **inputs})

    assert (done.registration.model is not None) == (done.metadata is not None) == registered
    assert done.registration.verdict == verdict
    assert bool(done.report.failed) == failed


@pytest.mark.parametrize(
    ("champion", "expected"),
    [
        ("latest", "m:3"),
        ("stage:production", "m:2"),
        ("alias:best", "m:1"),
        ("tag:area=north", "m:2"),
        ("version:1", "m:1"),
    ],
)
def test_the_champion(register: Register, root: Path, registry: LocalRegistry, champion: str, expected: str) -> None:
    for build, tags in enumerate(["alias: best", "{stage: Production, area: north}", "area: south"], 1):
        register({**BUILD, "build": str(build)}, tags=tags)

    done = register({**BUILD, "build": "9"}, metrics="[accuracy]", champion=champion)

    assert done.registration.champion is not None
    assert done.registration.champion.id == expected


@pytest.mark.parametrize("text", ["- accuracy", "metrics:\n  - {name: accuracy, minimum: 0.1}", "metrics: [accuracy]"])
def test_rules_stand_in_the_input_or_in_a_file(register: Register, root: Path, text: str) -> None:
    (root / "gate.yml").write_text(text)

    for given in ("gate.yml", text):
        comparison = register({}, metrics=given).registration.comparison
        assert comparison is not None
        assert [each.metric for each in comparison.judgements] == ["accuracy"]


def test_of_a_notebook_the_file_scraps_parameters_and_run_are_taken(register: Register, root: Path) -> None:
    results = str(root.parent / "results" / "results.json")

    done = register(
        path="outputs/model.pkl", results=results, metricsFile="", data="d: metrics.json", environmentFile=""
    )

    assert done.metadata is not None
    assert done.metadata.metrics == {"accuracy": 0.9}
    assert done.metadata.hash == hashlib.sha256(b"trained").hexdigest()
    assert done.metadata.tags["amltasks.parameters"] == '{"alpha": 1}'
    assert done.metadata.tags["amltasks.data"].startswith('{"d": "metrics.json@sha256:')
    assert done.metadata.run == f"{results}#train"


def test_on_the_agent_a_run_is_the_results_of_notebooks(register: Register, root: Path) -> None:
    done = register(path="outputs/model.pkl", run=str(root.parent / "results"), metricsFile="")

    assert done.metadata is not None
    assert done.metadata.metrics == {"accuracy": 0.9}


def test_a_file_that_the_notebook_did_not_write_is_refused(register: Register, root: Path) -> None:
    old = time.time() - 3600
    os.utime(root / "model.pkl", (old, old))

    with pytest.raises(UserError, match=r"model\.pkl' is older than the run of train\.ipynb, which did not write it"):
        register(results=str(root.parent / "results"))


def test_what_is_not_what_was_trained_is_not_registered(register: Register, registry: LocalRegistry) -> None:
    right = hashlib.sha256(b"weights").hexdigest()

    wrong = register(expectedHash="0" * 64)
    good = register(expectedHash=f"sha256:{right}")

    (check,) = wrong.report.failed
    assert check.message == (
        f"The content of m is not what was trained: its hash is {right}, and expectedHash says {'0' * 64}."
    )
    assert good.metadata is not None
    assert ids(registry) == ["m:1"]


def test_a_pickle_that_is_checked_in_is_told_or_refused(register: Register, root: Path) -> None:
    """4.16"""
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    assert register().warnings == ()
    subprocess.run(["git", "-C", str(root), "add", "model.pkl"], check=True)

    (sentence,) = register().warnings
    assert sentence.startswith("path: 'model.pkl' is checked in to the repository")
    with pytest.raises(UserError, match="is checked in to the repository"):
        register(trackedPickles="fail")


def test_the_hash_of_a_folder_is_that_of_its_list(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("deep/b", "a"):
        (tmp_path / name).write_text(name)
    listed = subprocess.run("sha256sum a deep/b", shell=True, cwd=tmp_path, capture_output=True, check=True).stdout

    assert content_hash(tmp_path) == hashlib.sha256(listed).hexdigest()


def test_numbers_in_json_are_named_by_their_slices() -> None:
    value = {"a": 1, "b": {"x": {"y": 0.5}, "z": True}, "c": "text", "d": [1]}

    assert dict(numbers_in(value)) == {"a": 1.0, "b[x][y]": 0.5}


def test_metrics_are_kept_within_what_properties_hold(registry: LocalRegistry, tmp_path: Path) -> None:
    metrics = {f"a metric with a long name {number}": number / 7 for number in range(300)}
    properties = to_properties(metrics)
    (tmp_path / "f").write_text("f")
    model = registry.register(NewModel(name="m", path=tmp_path / "f", key="k", properties=properties))

    assert all(len(text) <= LONGEST_VALUE for text in properties.values())
    assert set(properties) == {PROPERTY, *(f"{PROPERTY}.{number}" for number in range(2, len(properties) + 1))}
    assert {name: each.value for name, each in of_champion(registry, model, []).items()} == metrics


def test_a_champion_of_other_tools_is_known_by_its_tags(registry: LocalRegistry, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("f")
    model = registry.register(
        NewModel(name="m", path=tmp_path / "f", key="k", tags={"mse": "3.5", "x": "y"}, run="gone")
    )

    assert of_champion(registry, model, ["mse", "x"]) == {"mse": Measured(value=3.5, where="the tags of m:1")}


def test_the_chain_is_walked_both_ways(register: Register, registry: LocalRegistry, root: Path) -> None:
    results = str(root.parent / "results")
    register(path="outputs/model.pkl", results=results, metricsFile="")
    register({**BUILD, "build": "8", "buildNumber": "n.8", "commit": "d" * 40})

    (there,) = trace(registry, Question(model="m:1"))

    assert {name: there.chain[name] for name in ("Build", "Build id", "Notebook", "Commit")} == {
        "Build": "n.7",
        "Build id": "7",
        "Notebook": "train.ipynb",
        "Commit": BUILD["commit"],
    }
    for question in (
        Question(build="7"),
        Question(build="n.7"),
        Question(commit="c0ffeec"),
        Question(run=results),
        Question(run=f"{results}#train"),
    ):
        assert [each.model for each in trace(registry, question)] == ["m:1"]
    assert [each.model for each in trace(registry, Question(model="m"))] == ["m:2"]
    assert trace(registry, Question(build="9")) == ()
    with pytest.raises(UserError, match=r"model: 'm' has no version '5'; there are '2', '1'\."):
        trace(registry, Question(model="m:5"))


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"modelName": ""}, "modelName: say what the model is called."),
        ({"modelName": "a b"}, "modelName: 'a b' cannot be used"),
        ({"path": ""}, "path: say which file or folder the model is."),
        ({"path": "none"}, "path: there is no 'none' in the repository's folder"),
        ({"results": "$(train.ResultsFile)"}, "results: '$(train.ResultsFile)' is no variable of this job"),
        ({"results": "none"}, "'"),
        ({"notebook": "x"}, "notebook: it is looked for in results"),
        ({"metricsFile": "none.json"}, "metricsFile: 'none.json' cannot be read"),
        ({"metricsFile": "model.pkl"}, "metricsFile: 'model.pkl' is not JSON"),
        ({"metrics": "gates.yml"}, "metrics: 'gates.yml' does not exist."),
        ({"metrics": "- {name: accuracy"}, "metrics: line"),
        ({"champion": "best"}, "champion: 'best' is none of latest, stage:NAME"),
        ({"champion": "version:3"}, "champion: there is no version '3' of the model 'm'."),
        ({"whenNotBetter": "stop"}, "whenNotBetter: 'stop' is none"),
        ({"accept": "good"}, "accept: 'good' cannot be chosen"),
        ({"expectedHash": "abc"}, "expectedHash: 'abc' is no SHA-256"),
        ({"environmentFile": "none"}, "environmentFile: 'none' is no file of the repository."),
        ({"tags": "a: [1]"}, "tags: a: write a text or a number."),
        ({"tags": f"a: {'x' * 1001}"}, "tags: 'a' is too long"),
        ({"tags": json.dumps({f"t{number}": "" for number in range(MOST_TAGS)})}, "tags: 50 are too many"),
    ],
)
def test_bad_input_is_one_sentence(register: Register, inputs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as raised:
        register(**inputs)

    assert str(raised.value).startswith(sentence)
