"""One run of a suite through the SDK v1, looked at from several sides; and the same on the agent."""

from __future__ import annotations

from typing import Any

import pytest

from amltasks.platforms.azureml.v1.bounds import NOTICE
from tests.azureml.cloud import Azure
from tests.azureml.equal import without_varying
from tests.azureml.steps import Cells, Ended, repository
from tests.azureml_v1.steps import begin
from tests.notebooks.running import code, notebook_python

pytestmark = [pytest.mark.xdist_group("azureml-v1 suite"), pytest.mark.timeout(600)]

SUITE: dict[str, Cells] = {
    "passes": [code("alpha = 1", "parameters"), "print('alpha is', alpha)", "import helper; helper.WORD"],
    "fails with a space": ["x = 1", "1 / 0", "print('not reached')"],
    "dies": ["print('before', flush=True)", "import os; os._exit(7)"],
}


@pytest.fixture(scope="module")
def both(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Ended]:
    """On Azure ML, and on the agent at the same time."""
    folder = tmp_path_factory.mktemp("suite")
    repo = repository(folder / "repo", SUITE)
    (repo / "nb" / "passes.run.yml").write_text("parameterSets: [{name: two, alpha: 2}]\n")
    remote = begin(azure, repo, folder / "azureml")
    inputs = {"platform": "agent", "compute": "", "azureSubscription": "", "python": notebook_python()}
    local = azure.start(azure.job(repo, {**inputs, "outputFolder": str(folder / "agent")}))
    results = (folder / "azureml" / "results.json", folder / "agent" / "results.json")
    return Ended(remote, results[0], seconds=400), Ended(local, results[1])


@pytest.fixture(scope="module")
def ended(both: tuple[Ended, Ended]) -> Ended:
    return both[0]


def test_the_report_equals_that_of_the_agent_cell_by_cell(both: tuple[Ended, Ended]) -> None:
    remote, local = both

    assert remote.report, remote.log
    assert essence(remote.report) == essence(local.report)
    assert remote.code == local.code == 1
    assert remote.outcomes == {"passes": "passed", "fails with a space": "failed", "dies": "kernelDied"}


def test_what_happens_is_in_the_log_while_it_happens(ended: Ended) -> None:
    assert "Azure ML: submitted nb-passes--two-" in ended.log
    assert "https://ml.azure.com/runs/nb-passes--two-" in ended.log
    assert "[2/4] passed in" in ended.log
    assert "    alpha is 2" in ended.log


def test_that_its_support_has_ended_is_said_once(ended: Ended) -> None:
    assert ended.log.count("2026-06-30") == 1
    assert f"##vso[task.logissue type=warning]{NOTICE}" in ended.log


def test_runs_carry_the_tags_by_which_they_are_found(azure: Azure, ended: Ended) -> None:
    """Requirements 0.3, 0.5 and 0.8."""
    (run,) = (job for job in azure.jobs() if job.display_name == "nb/passes.ipynb [two]")

    assert run.experiment == "nightly"
    assert {name: run.tags[name] for name in ("file", "devops_run_id", "amltasks.build", "amltasks.parameterSet")} == {
        "file": "nb/passes.ipynb", "devops_run_id": "42", "amltasks.build": "42", "amltasks.parameterSet": "two"
    }  # fmt: skip


def test_runs_show_in_studio_what_became_of_the_notebooks(azure: Azure, ended: Ended) -> None:
    assert {job.display_name: job.status for job in azure.jobs()} == {
        "nb/passes.ipynb [two]": "Completed",
        "nb/fails with a space.ipynb": "Failed",
        "nb/dies.ipynb": "Failed",
    }


def test_the_code_was_sent_once(azure: Azure, ended: Ended) -> None:
    assert azure.asked("POST", "/snapshots/getblob") == 1


def test_nothing_was_asked_that_azure_does_not_know(azure: Azure, ended: Ended) -> None:
    assert [each.url for each in azure.world.journal.exchanges if each.status == 501] == []


def essence(report: dict[str, Any]) -> Any:
    """All that a report says, without places and times."""
    return without_varying(report["results"])
