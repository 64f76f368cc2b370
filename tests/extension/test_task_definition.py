"""task.json: what Azure DevOps accepts, what people read, and what Python makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from task_texts import generated_files, strings, task_folders

from amltasks.platforms.azureml.request import AzureRequest
from amltasks.requests import RunNotebooksRequest
from tests.extension.launching import ROOT

SCHEMA = ROOT.parent / "shared" / "specs" / "tasks.schema.json"
FOLDERS = {folder.name: folder for folder in task_folders()}


@pytest.fixture(params=FOLDERS)
def definition(request: pytest.FixtureRequest) -> dict[str, Any]:
    return _definition(request.param)


def test_microsofts_schema_accepts_it(definition: dict[str, Any]) -> None:
    if not SCHEMA.is_file():
        pytest.skip(f"{SCHEMA} is not there")
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(definition)


def test_it_runs_on_every_agent_since_node_20(definition: dict[str, Any]) -> None:
    """One launcher under both handlers; nothing newer is asked of self-hosted agents than Node 20 needs."""
    assert definition["execution"] == {name: {"target": "launcher.js"} for name in ("Node20_1", "Node24")}
    assert definition["minimumAgentVersion"] == "3.232.1"


def test_what_it_does_after_the_jobs_steps_is_told_from_what_it_does_before(definition: dict[str, Any]) -> None:
    """By another file, because the agent starts both alike; and by the same handlers."""
    after = definition.get("postjobexecution", {})

    assert after in ({}, {name: {"target": "post.js"} for name in definition["execution"]})


def test_every_input_and_output_is_explained(definition: dict[str, Any]) -> None:
    """A label, a help text in sentences, and a group that exists or none."""
    groups = {group["name"] for group in definition["groups"]}
    for given in definition["inputs"]:
        assert given["label"], given["name"]
        assert len(given["helpMarkDown"].split()) >= 5, given["name"]
        assert given.get("groupName") in {*groups, None}, given["name"]
    assert all(variable["description"] for variable in definition["outputVariables"])


def test_inputs_that_depend_on_each_other_stand_in_one_group(definition: dict[str, Any]) -> None:
    """Azure DevOps Server refuses to install a task in which they do not."""
    group = {given["name"]: given.get("groupName") for given in definition["inputs"]}
    for given in definition["inputs"]:
        if "visibleRule" in given:
            other = given["visibleRule"].split()[0]
            assert group[other] == group[given["name"]]


def test_paths_are_plain_strings(definition: dict[str, Any]) -> None:
    """The agent would turn an empty `filePath` into the folder of the sources."""
    assert "filePath" not in {given["type"] for given in definition["inputs"]}


def test_names_on_the_screen_fit(definition: dict[str, Any]) -> None:
    assert len(definition["friendlyName"]) <= 40
    assert definition["instanceNameFormat"]


def test_nothing_is_forbidden_to_the_task(definition: dict[str, Any]) -> None:
    """It sets variables of any name (scraps) and attaches files; users may restrict it with `target`."""
    assert "restrictions" not in definition


def test_generated_files_are_current() -> None:
    """Strings, README and versions follow from task.json and the package; scripts/build.py writes them."""
    stale = [path for path, text in generated_files().items() if _text(path) != text]

    assert stale == []


def test_strings_hold_all_that_people_read(definition: dict[str, Any]) -> None:
    """Azure DevOps takes labels from the strings of the reader's language, by these keys."""
    texts = strings(definition)

    assert texts["loc.friendlyName"] == definition["friendlyName"]
    assert {key.rpartition(".")[2] for key in texts if key.startswith("loc.input.help.")} == {
        given["name"] for given in definition["inputs"]
    }


class TestRunNotebookOnAML:
    """The inputs of the issue, by the names and defaults that people write in YAML."""

    DEFAULTS = {
        "notebooks": None,
        "parameters": None,
        "parametersFile": None,
        "platform": "agent",
        "azureSubscription": None,
        "resourceGroup": None,
        "workspace": None,
        "compute": None,
        "instanceType": None,
        "instanceCount": "1",
        "environment": None,
        "experiment": None,
        "outputs": None,
        "tags": None,
        "identity": None,
        "wait": "true",
        "resume": None,
        "cancelSuperseded": "auto",
        "parameterSets": None,
        "secretParameters": None,
        "python": None,
        "kernel": None,
        "workingDirectory": None,
        "cellTimeout": "20 min",
        "notebookTimeout": None,
        "runTimeout": None,
        "memoryLimit": None,
        "processLimit": None,
        "openFilesLimit": None,
        "outputLimit": "100 MB",
        "maxParallel": None,
        "maxMemory": None,
        "failOn": "any",
        "failFast": "false",
        "strictSecrets": "false",
        "publish": "testResults,tab,summary",
        "testRunTitle": None,
        "attach": "ipynb,html,log,images",
        "attachFor": "all",
        "outputFolder": None,
        "pullRequestComment": "never",
        "pullRequestStatus": "false",
        "reuse": "never",
        "cacheFolder": None,
    }

    def test_has_these_inputs_with_these_defaults(self) -> None:
        inputs = _definition("RunNotebookOnAML")["inputs"]

        assert {given["name"]: given.get("defaultValue") for given in inputs} == self.DEFAULTS
        assert [given["name"] for given in inputs if given["required"]] == ["notebooks"]

    def test_defaults_on_the_screen_are_the_defaults_of_the_package(self, tmp_path: Path) -> None:
        """A step in YAML, where nothing is filled in, and one made on the screen do the same."""
        shown = {name: default or "" for name, default in self.DEFAULTS.items()} | {"notebooks": "*.ipynb"}

        def request(inputs: dict[str, str]) -> RunNotebooksRequest:
            return RunNotebooksRequest.from_inputs(inputs, tmp_path, tmp_path / "results")

        assert request(shown) == request({"notebooks": "*.ipynb"})

    def test_every_choice_on_the_screen_is_understood(self, tmp_path: Path) -> None:
        for given in _definition("RunNotebookOnAML")["inputs"]:
            for choice in given.get("options", {}):
                inputs = {"notebooks": "*.ipynb", given["name"]: choice}
                assert RunNotebooksRequest.from_inputs(inputs, tmp_path, tmp_path / "results")
                assert AzureRequest.from_inputs(inputs)

    def test_gives_these_output_variables(self) -> None:
        names = [variable["name"] for variable in _definition("RunNotebookOnAML")["outputVariables"]]

        assert names == ["Outcome", "Total", "Passed", "Failed", "TestRunId", "ResultsFolder", "ResultsFile", "Jobs"]


def _definition(name: str) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((FOLDERS[name] / "task.json").read_text(encoding="utf-8"))
    return definition


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
