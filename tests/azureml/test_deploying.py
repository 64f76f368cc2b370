"""DeployToOnlineEndpoint on Azure ML: models come, prove good and get the requests, or go again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amltasks.report.checks import RolloutMove
from tests.azureml.cloud import Azure, open_azure
from tests.azureml.places import Place, place
from tests.azureml.steps import Ended
from tests.azureml.test_endpoints import attach

pytestmark = pytest.mark.xdist_group("azureml-deploying")

ENDPOINTS = "amltasks.platforms.azureml.v2.endpoints:EndpointsV2"
REGISTRY = "amltasks.platforms.azureml.v2.registry:RegistryV2"
SCORE = """
import json, os, pathlib
def init():
    global weights
    weights = float(pathlib.Path(os.environ["AZUREML_MODEL_DIR"], "weights.txt").read_text())
def run(data):
    return {"result": [weights * value for value in json.loads(data)["data"]]}
"""
TESTS = "cases: [{name: doubles, body: {data: [1, 2]}, expect: {values: {/result/1: 4}}}]"

Deploy = Callable[..., Ended]


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Azure]:
    with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as opened:
        yield opened


@pytest.fixture(scope="module")
def managed(azure: Azure) -> Iterator[Place]:
    with place(azure, ENDPOINTS, "managed") as opened:
        yield opened


@pytest.fixture(scope="module")
def models(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two versions of `doubling`."""
    with place(azure, REGISTRY) as registry:
        for key in ("1", "2"):
            file = tmp_path_factory.mktemp("model") / "weights.txt"
            file.write_text("2.0")
            registry("register", model={"name": "doubling", "path": file, "key": key})


@pytest.fixture
def deploy(azure: Azure, models: None, tmp_path: Path) -> Deploy:
    """Runs a step to its end."""

    def run(script: str = SCORE, task: str = "DeployToOnlineEndpoint", **inputs: str) -> Ended:
        repository, output = tmp_path / "repository", tmp_path / "results"
        repository.mkdir(exist_ok=True)
        (repository / "score.py").write_text(script)
        given = {
            "endpoint": "served", "model": "doubling", "scoringScript": "score.py", "precheck": "false",
            "tests": TESTS, "outputFolder": str(output), **inputs,
        }  # fmt: skip
        job: dict[str, Any] = azure.job(repository, given)
        job["task"]["name"] = task
        return Ended(azure.start(job), output / "results.json")

    return run


def rows(ended: Ended) -> list[tuple[str, str]]:
    """Step and traffic of the rollout's moves."""
    return [(move["step"], RolloutMove.model_validate(move).shares) for move in ended.report["rollout"]]


def test_a_model_comes_another_takes_its_place_and_a_third_is_sent_back(deploy: Deploy, managed: Place) -> None:
    """One after the other, since each finds what the one before has left."""
    first = deploy(model="doubling:1")

    assert first.code == 0, first.log
    assert first.variable("Outcome") == "deployed"
    assert first.variable("ModelId") == "doubling:1"
    assert first.variable("Deployment") == "blue"
    assert first.variable("Address").startswith("https://served.")

    second = deploy(strategy="canary", steps="25, 100", bakeTime="0", publish="tab")

    assert second.code == 0, second.log
    assert second.variable("ModelId") == "doubling:2"
    assert rows(second) == [
        ("deploy green", "blue 100 %"),
        ("ask green", "blue 100 %"),
        ("0 %", "blue 100 %"),
        ("route", "blue 75 %, green 25 %"),
        ("25 %", "blue 75 %, green 25 %"),
        ("route", "green 100 %"),
        ("100 %", "green 100 %"),
        ("remove blue", "green 100 %"),
    ]
    followed = re.findall(r"\.(\d+)\.checks-progress\.json\]", second.log)
    assert followed == [str(number) for number in range(1, 10)]  # when it begins, and after each move

    tested = deploy(task="TestEndpoint", platform="azureml", deployment="green")

    assert tested.code == 0, tested.log
    assert (tested.variable("Outcome"), tested.variable("Passed")) == ("passed", "2")

    third = deploy(SCORE.replace("weights * value", "weights + value"), tests=TESTS.replace("[1, 2]", "[1, 3]"))

    assert third.code == 1, third.log
    assert third.variable("Outcome") == "rolledBack"
    failed = [check for check in third.report["checks"] if check["outcome"] == "failed"]
    assert [check["name"] for check in failed] == ["doubles", "Readiness"]
    found = managed("find", name="served")
    assert [(each["name"], each["traffic"], each["models"]) for each in found["deployments"]] == [
        ("green", 100, ["doubling:2"])
    ]
    assert "amltasks.rollout" not in found["tags"]
    assert json.dumps(third.report).count(third.log.partition("task.setsecret]")[2].splitlines()[0]) == 0


@pytest.mark.long
def test_on_kubernetes_and_what_cannot_be_done_there(azure: Azure, deploy: Deploy) -> None:
    """DeployToAKS by the SDK v2; settings that have no place there are warned about by name."""
    attach(azure, "aks")
    kubernetes = {"task": "DeployToAKS", "platform": "azureml", "endpoint": "far", "strategy": "blueGreen"}

    misspelt = deploy(**kubernetes, compute="akz")
    first = deploy(**kubernetes, compute="aks", cpu="0.5", memory="512 MiB", settings="{sslEnabled: true}")
    second = deploy(**kubernetes, compute="aks", model="doubling:1", mirror="20")

    assert misspelt.code == 2, misspelt.log
    assert "there is no" in misspelt.log or "is no Kubernetes cluster" in misspelt.log
    assert first.code == 0, first.log
    assert "sslEnabled" in first.log
    assert second.code == 0, second.log
    assert "mirror: this place copies no requests" in second.log
    assert second.variable("Deployment") == "green"


@pytest.mark.long
def test_of_a_first_deployment_that_does_not_start_nothing_is_left(deploy: Deploy, managed: Place) -> None:
    """Complaints 18 and 45: the reason comes first, its log is attached, and the next run finds no leftover."""
    failed = deploy("import not_there", endpoint="never")

    assert failed.code == 1, failed.log
    assert failed.variable("Outcome") == "failed"
    (check,) = (check for check in failed.report["checks"] if check["outcome"] == "failed")
    assert "not_there" in check["message"]
    assert "not_there" in Path(check["files"][0]["path"]).read_text()
    assert managed("find", name="never") is None
