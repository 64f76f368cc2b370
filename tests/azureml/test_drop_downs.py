"""What Azure DevOps asks to fill the drop-downs of the task's inputs, as it would."""

from __future__ import annotations

import json
import re
import ssl
from typing import Any

import httpx
import pytest

from tests.azureml.cloud import CLUSTER, GROUP, TASK, WORKSPACE, Azure

DEFINITION = json.loads(TASK.with_name("task.json").read_text("utf-8"))
CHOSEN = {"resourceGroup": GROUP, "workspace": WORKSPACE}
BINDINGS = {each["target"]: each for each in DEFINITION["dataSourceBindings"] if "endpointUrl" in each}


@pytest.mark.parametrize(("target", "names"), [("workspace", [WORKSPACE]), ("compute", [CLUSTER])])
def test_a_drop_down_has_the_names_that_there_are(azure: Azure, target: str, names: list[str]) -> None:
    application, _ = azure.principal("Reader")
    token = azure.world.azure.tokens.issue(application.caller, "https://management.azure.com")
    authorities = ssl.create_default_context(cafile=azure.environment["REQUESTS_CA_BUNDLE"])

    with httpx.Client(proxy=azure.environment["HTTPS_PROXY"], verify=authorities) as client:
        answer = client.get(address(BINDINGS[target], azure), headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200, answer.text
    assert selected(BINDINGS[target]["resultSelector"], answer.json()) == names


def test_every_drop_down_is_tried_here() -> None:
    assert set(BINDINGS) == {"workspace", "compute"}
    built_in = [each for each in DEFINITION["dataSourceBindings"] if "endpointUrl" not in each]
    assert [(each["target"], each["dataSourceName"]) for each in built_in] == [("resourceGroup", "AzureResourceGroups")]


def address(binding: dict[str, Any], azure: Azure) -> str:
    """With what the service connection and the other inputs say."""
    values = {"endpoint.url": "https://management.azure.com/", "endpoint.subscriptionId": azure.subscription}
    values |= {name: CHOSEN[text[2:-1]] for name, text in binding["parameters"].items()}
    return re.sub(r"\{\{\{(.+?)\}\}\}", lambda found: values[found[1]], binding["endpointUrl"])


def selected(path: str, answer: dict[str, Any]) -> list[str]:
    """The two forms of JSONPath that the task uses."""
    condition = re.fullmatch(r"jsonpath:\$\.value\[(?:\*|\?\(@\.(\S+) == '(\w+)'\))\]\.name", path)
    assert condition, path
    items = answer["value"]
    if condition[1]:
        outer, inner = condition[1].split(".")
        items = [item for item in items if item[outer][inner] == condition[2]]
    return [item["name"] for item in items]
