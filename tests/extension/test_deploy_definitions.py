"""The tasks that deploy: what is on the screen, what stands in YAML and what the package makes of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from task_texts import TASKS

from amltasks.commands.deploy_request import DeployRequest, Target
from amltasks.endpoints.rollout import Strategy
from amltasks.endpoints.settings import INPUTS
from amltasks.errors import UserError

# Beside those that say how a model is to be served.
OTHERS = {
    "model", "modelMetadata", "platform", "localFolder", "azureSubscription", "resourceGroup", "workspace", "precheck",
    "tests", "readyTimeout", "strategy", "steps", "bakeTime", "rules", "mirror", "keepPrevious", "deployment",
    "onCancel", "overwrite", "publish", "testRunTitle", "outputFolder",
}  # fmt: skip
Inputs = dict[str, str]


def definition(target: Target) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((TASKS / target.value / "task.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def needed(tmp_path: Path) -> Inputs:
    (tmp_path / "score.py").write_text("")
    (tmp_path / "test.json").write_text('{"data": [1]}')
    return {"endpoint": "served", "scoringScript": "score.py"}


def read(target: Target, inputs: Inputs, folder: Path) -> DeployRequest:
    return DeployRequest.from_inputs(target, inputs, folder, folder / "work")


@pytest.mark.parametrize("target", Target)
def test_defaults_on_the_screen_are_those_of_the_package(target: Target, needed: Inputs, tmp_path: Path) -> None:
    shown = {given["name"]: given.get("defaultValue", "") for given in definition(target)["inputs"]}

    assert read(target, shown | needed, tmp_path) == read(target, needed, tmp_path)


@pytest.mark.parametrize("target", Target)
def test_every_choice_on_the_screen_is_understood(target: Target, needed: Inputs, tmp_path: Path) -> None:
    for given in definition(target)["inputs"]:
        for choice in given.get("options", {}):
            assert read(target, needed | {given["name"]: choice}, tmp_path)


def test_every_input_of_the_package_is_on_a_screen() -> None:
    shown = {given["name"] for target in Target for given in definition(target)["inputs"]}

    assert shown == OTHERS | set(INPUTS)


@pytest.mark.parametrize("target", Target)
def test_all_give_the_same_output_variables(target: Target) -> None:
    names = [variable["name"] for variable in definition(target)["outputVariables"]]

    assert names == ["Outcome", "Endpoint", "Address", "Deployment", "ModelId"]


@pytest.mark.parametrize(
    ("target", "platform", "way"),
    [
        (Target.ACI, "azureml", "take DeployToOnlineEndpoint"),
        (Target.ONLINE_ENDPOINT, "azureml-v1", "take platform: azureml, or DeployToAKS or DeployToACI"),
    ],
)
def test_what_a_platform_does_not_have_is_refused_with_the_way(
    target: Target, platform: str, way: str, needed: Inputs, tmp_path: Path
) -> None:
    """Never another target."""
    with pytest.raises(UserError, match=way):
        read(target, needed | {"platform": platform}, tmp_path)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"strategy": "canari"}, r"strategy: 'canari' is none \(did you mean 'canary'\?\)"),
        ({"strategy": "replace", "steps": "50, 100"}, "steps: are for strategy blueGreen or canary"),
        ({"rules": "errorRate: 1%"}, "rules: are held against the answers to requests: name some in tests"),
        ({"tests": "test.json", "rules": "p96: 1s"}, r"rules: there is no rule 'p96' \(did you mean"),
        ({"tests": "test.json", "rules": "errorRate: often"}, "rules: errorRate: 'often' is no part of something"),
        ({"tests": "test.json", "rules": "requests: 0"}, "rules: requests: '?0'? is not a whole number from 1"),
        ({"mirror": "60"}, "mirror: '60' is not a whole percentage from 0 to 50"),
        ({"bakeTime": "long"}, "bakeTime: 'long' is not a length of time"),
        ({"onCancel": "stop"}, "onCancel: 'stop' is none"),
        ({"overwrite": "maybe"}, "overwrite: 'maybe' is neither true nor false"),
    ],
)
def test_a_wrong_input_is_named(inputs: Inputs, sentence: str, needed: Inputs, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        read(Target.ONLINE_ENDPOINT, needed | inputs, tmp_path)


def test_a_canary_takes_its_time_and_the_others_one_sample(needed: Inputs, tmp_path: Path) -> None:
    bakes = {
        strategy: read(Target.ONLINE_ENDPOINT, needed | {"strategy": strategy.value}, tmp_path).bake
        for strategy in Strategy
    }

    assert bakes == {Strategy.REPLACE: 0, Strategy.BLUE_GREEN: 0, Strategy.CANARY: 60}
