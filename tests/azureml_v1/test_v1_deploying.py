"""DeployToACI and DeployToAKS by the SDK v1: models come, prove good and get the requests, or go again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amltasks.report.checks import RolloutMove
from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended
from tests.azureml_v1.places import open_places

pytestmark = [pytest.mark.xdist_group("azureml-v1 deploying"), pytest.mark.timeout(400), pytest.mark.long]

SCORE = """
import json, os, pathlib
def init():
    global weights
    [path] = [path for path in pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*") if path.is_file()]
    weights = float(path.read_text())
def run(data):
    return {"result": [weights * value for value in json.loads(data)["data"]]}
"""
BROKEN = "def init():\n    raise ValueError('no such weights')\ndef run(data):\n    return data\n"
TESTS = "cases: [{name: doubles, body: {data: [1, 2]}, expect: {values: {/result/1: 4}}}]"
REGISTER = """
for text in ("2.0", "2"):
    path = Path(folder) / f"{text}.txt"
    path.write_text(text)
    opened(RegistryV1).register(NewModel(name="doubling", path=path, key=text))
result = True
"""

Deploy = Callable[..., Ended]


@pytest.fixture(scope="module")
def models(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two versions of `doubling`."""
    with open_places(azure) as places:
        places.run(REGISTER, folder=str(tmp_path_factory.mktemp("models")))


@pytest.fixture
def deploy(azure: Azure, models: None, tmp_path: Path) -> Deploy:
    """Runs a step of a task to its end."""

    def run(task: str, script: str = SCORE, **inputs: str) -> Ended:
        repository, output = tmp_path / "repository", tmp_path / "results"
        repository.mkdir(exist_ok=True)
        (repository / "score.py").write_text(script)
        given = {
            "platform": "azureml-v1", "model": "doubling", "scoringScript": "score.py", "precheck": "false",
            "tests": TESTS, "outputFolder": str(output), "compute": "", **inputs,
        }  # fmt: skip
        job: dict[str, Any] = azure.job(repository, given)
        job["task"]["name"] = task
        return Ended(azure.start(job), output / "results.json")

    return run


def test_a_container_instance_is_changed_in_place(deploy: Deploy) -> None:
    first = deploy("DeployToACI", endpoint="test", model="doubling:1")
    second = deploy("DeployToACI", endpoint="test", model="doubling:2")
    tested = deploy("TestEndpoint", endpoint="test")

    for ended, model in ((first, "doubling:1"), (second, "doubling:2")):
        assert ended.code == 0, ended.log
        assert ended.variable("Outcome") == "deployed"
        assert ended.variable("ModelId") == model
    assert first.variable("Address") == second.variable("Address")
    assert tested.code == 0, tested.log
    assert (tested.variable("Outcome"), tested.variable("Passed")) == ("passed", "2")


def test_versions_on_aks_get_requests_step_by_step_and_one_that_does_not_start_goes(deploy: Deploy) -> None:
    """Requirements 2.19, 2.21, 3.23; never another target than the one that is named."""
    canary = {"endpoint": "prod", "compute": "inference", "strategy": "canary", "bakeTime": "0"}
    cluster = {"settings": "{createCompute: true, agentCount: 1, clusterPurpose: DevTest}"}

    misspelt = deploy("DeployToAKS", **canary)
    first = deploy("DeployToAKS", **canary, **cluster)
    second = deploy("DeployToAKS", model="doubling:1", steps="20, 100", **canary)
    third = deploy("DeployToAKS", BROKEN, **canary)

    assert misspelt.code == 2, misspelt.log
    assert "there is no AKS cluster 'inference'" in misspelt.log
    assert first.code == 0, first.log
    assert second.code == 0, second.log
    assert [RolloutMove.model_validate(move).shares for move in second.report["rollout"]] == [
        "blue 100 %",
        "blue 100 %",
        "blue 100 %",
        "blue 80 %, green 20 %",
        "blue 80 %, green 20 %",
        "green 100 %",
        "green 100 %",
        "green 100 %",
    ]
    assert third.code == 1, third.log
    assert third.variable("Outcome") == "rolledBack"
    failed = next(check for check in third.report["checks"] if check["outcome"] == "failed")
    assert "no such weights" in failed["message"]
    assert "no such weights" in failed["details"]
