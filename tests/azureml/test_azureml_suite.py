"""One run of a suite on Azure ML, looked at from several sides; and the same on the agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.equal import without_varying
from tests.azureml.steps import Cells, Ended, repository
from tests.notebooks.running import code, notebook_python

pytestmark = pytest.mark.xdist_group("azureml suite")

HAND_ON = "import os, pathlib\npathlib.Path(os.environ['AMLTASKS_OUTPUTS'], 'model.txt').write_text(str(alpha))"
SUITE: dict[str, Cells] = {
    "passes": [code("alpha = 1", "parameters"), "print('alpha is', alpha)", "import helper; helper.WORD", HAND_ON],
    "fails": ["x = 1", "1 / 0", "print('not reached')"],
    "dies": ["print('before', flush=True)", "import os; os._exit(7)"],
    "exits": ["print(1)", "import sys; sys.exit(0)", "print(2)"],
}


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Azure]:
    with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as opened:
        yield opened


@pytest.fixture(scope="module")
def ended(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("suite")
    repo = repository(folder / "repo", SUITE)
    (repo / "nb" / "passes.run.yml").write_text(f"parameterSets: {json.dumps([{'name': 'two', 'alpha': 2}])}\n")
    job = azure.job(repo, {"outputFolder": str(folder / "out"), "tags": "team: red"})
    return Ended(azure.start(job), folder / "out" / "results.json")


@pytest.fixture(scope="module")
def local(azure: Azure, ended: Ended, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The same on the agent."""
    folder = tmp_path_factory.mktemp("local")
    repo = repository(folder / "repo", SUITE)
    (repo / "nb" / "passes.run.yml").write_text(f"parameterSets: {json.dumps([{'name': 'two', 'alpha': 2}])}\n")
    inputs = {"outputFolder": str(folder / "out"), "platform": "agent", "compute": "", "azureSubscription": ""}
    job = azure.job(repo, {**inputs, "python": notebook_python()})
    return Ended(azure.start(job), folder / "out" / "results.json")


def test_the_report_equals_that_of_the_agent_cell_by_cell(ended: Ended, local: Ended) -> None:
    assert essence(ended.report) == essence(local.report)
    assert ended.code == local.code == 1
    assert ended.outcomes == {"passes": "passed", "fails": "failed", "dies": "kernelDied", "exits": "passed"}


def test_the_same_files_are_left(ended: Ended, local: Ended) -> None:
    def files(report: dict[str, Any]) -> list[list[str]]:
        return [sorted(Path(file["path"]).name for file in result["artefacts"]) for result in report["results"]]

    assert files(ended.report) == files(local.report)
    paths = [Path(file["path"]) for result in ended.report["results"] for file in result["artefacts"]]
    assert all(path.is_file() for path in paths)


def test_what_a_notebook_hands_on_comes_to_the_agent(ended: Ended, local: Ended) -> None:
    def handed_on(step: Ended) -> list[str]:
        folders = [Path(result["artefacts"][0]["path"]).parent for result in step.report["results"]]
        return [path.read_text() for folder in folders for path in folder.glob("outputs/*")]

    assert handed_on(ended) == handed_on(local) == ["2"]


def test_the_log_folds_each_notebook_with_its_cells_and_states(ended: Ended) -> None:
    for name in SUITE:
        assert f"##[group]nb/{name}.ipynb" in ended.log
    assert "Azure ML: submitted nb-fails-" in ended.log
    assert "Azure ML: running" in ended.log
    assert "ZeroDivisionError" in ended.log
    assert "experimental" not in ended.log  # what the SDK tells its developers


def test_jobs_are_tagged_and_named_as_output(azure: Azure, ended: Ended) -> None:
    names = ended.variable("Jobs").split(",")
    jobs = azure.jobs()

    assert sorted(names) == sorted(job.id for job in jobs)
    (tags,) = (job.tags for job in jobs if job.tags["amltasks.notebook"] == "nb/passes.ipynb")
    assert tags["amltasks.build"] == "42"
    assert tags["amltasks.parameterSet"] == "two"
    assert tags["team"] == "red"


def test_the_jobs_show_in_studio_what_became_of_the_notebooks(azure: Azure, ended: Ended) -> None:
    assert {job.display_name: job.status for job in azure.jobs()} == {
        "nb/passes.ipynb [two]": "Completed",
        "nb/fails.ipynb": "Failed",
        "nb/dies.ipynb": "Failed",
        "nb/exits.ipynb": "Completed",
    }


def test_each_result_leads_to_its_jobs_page(ended: Ended) -> None:
    for result in ended.report["results"]:
        assert result["job"]
        assert result["studio"].startswith("https://")
        assert result["job"] in result["studio"]
        assert result["studio"] in ended.log


def test_the_code_was_sent_once(azure: Azure, ended: Ended) -> None:
    assert azure.asked("POST", "startPendingUpload") == 1


def test_nothing_was_asked_that_azure_does_not_know(azure: Azure, ended: Ended) -> None:
    assert [each.url for each in azure.world.journal.exchanges if each.status == 501] == []


def essence(report: dict[str, Any]) -> Any:
    """All that a report says, without places and times."""
    return without_varying(report["results"])
