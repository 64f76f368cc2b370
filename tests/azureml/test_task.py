"""The task on Azure ML, from its inputs to its report: real jobs on a cluster of two nodes, by the unmodified SDK."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.equal import without_varying
from tests.azureml.steps import Cells, Ended, repository, wait_for
from tests.notebooks.running import code, notebook_python, write_notebook

SUITE: dict[str, Cells] = {
    "passes": [code("alpha = 1", "parameters"), "print('alpha is', alpha)", "import helper; helper.WORD"],
    "fails": ["x = 1", "1 / 0", "print('not reached')"],
    "dies": ["print('before', flush=True)", "import os; os._exit(7)"],
    "exits": ["print(1)", "import sys; sys.exit(0)", "print(2)"],
}
SLEEPS: Cells = ["print('begun', flush=True)", "import time; time.sleep(300)"]


class TestSuite:
    """One run of a suite, looked at from several sides."""

    @pytest.fixture(scope="class")
    def azure(self, tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Azure]:
        with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as opened:
            yield opened

    @pytest.fixture(scope="class")
    def ended(self, azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Ended:
        folder = tmp_path_factory.mktemp("suite")
        repo = repository(folder / "repo", SUITE)
        (repo / "nb" / "passes.run.yml").write_text(f"parameterSets: {json.dumps([{'name': 'two', 'alpha': 2}])}\n")
        job = azure.job(repo, {"outputFolder": str(folder / "out"), "tags": "team: red"})
        return Ended(azure.start(job), folder / "out" / "results.json")

    @pytest.fixture(scope="class")
    def local(self, azure: Azure, ended: Ended, tmp_path_factory: pytest.TempPathFactory) -> Ended:
        """The same on the agent."""
        folder = tmp_path_factory.mktemp("local")
        repo = repository(folder / "repo", SUITE)
        (repo / "nb" / "passes.run.yml").write_text(f"parameterSets: {json.dumps([{'name': 'two', 'alpha': 2}])}\n")
        inputs = {"outputFolder": str(folder / "out"), "platform": "agent", "compute": "", "azureSubscription": ""}
        job = azure.job(repo, {**inputs, "python": notebook_python()})
        return Ended(azure.start(job), folder / "out" / "results.json")

    def test_the_report_equals_that_of_the_agent_cell_by_cell(self, ended: Ended, local: Ended) -> None:
        assert essence(ended.report) == essence(local.report)
        assert ended.code == local.code == 1
        assert ended.outcomes == {"passes": "passed", "fails": "failed", "dies": "kernelDied", "exits": "passed"}

    def test_the_same_files_are_left(self, ended: Ended, local: Ended) -> None:
        def files(report: dict[str, Any]) -> list[list[str]]:
            return [sorted(Path(file["path"]).name for file in result["artefacts"]) for result in report["results"]]

        assert files(ended.report) == files(local.report)
        paths = [Path(file["path"]) for result in ended.report["results"] for file in result["artefacts"]]
        assert all(path.is_file() for path in paths)

    def test_the_log_folds_each_notebook_with_its_cells_and_states(self, ended: Ended) -> None:
        for name in SUITE:
            assert f"##[group]nb/{name}.ipynb" in ended.log
        assert "Azure ML: submitted nb-fails-" in ended.log
        assert "Azure ML: running" in ended.log
        assert "ZeroDivisionError" in ended.log
        assert "experimental" not in ended.log  # what the SDK tells its developers

    def test_jobs_are_tagged_and_named_as_output(self, azure: Azure, ended: Ended) -> None:
        names = ended.variable("Jobs").split(",")
        jobs = azure.jobs()

        assert sorted(names) == sorted(job.id for job in jobs)
        (tags,) = (job.tags for job in jobs if job.tags["amltasks.notebook"] == "nb/passes.ipynb")
        assert tags["amltasks.build"] == "42"
        assert tags["amltasks.parameterSet"] == "two"
        assert tags["team"] == "red"

    def test_the_jobs_show_in_studio_what_became_of_the_notebooks(self, azure: Azure, ended: Ended) -> None:
        assert {job.display_name: job.status for job in azure.jobs()} == {
            "nb/passes.ipynb [two]": "Completed",
            "nb/fails.ipynb": "Failed",
            "nb/dies.ipynb": "Failed",
            "nb/exits.ipynb": "Completed",
        }

    def test_the_code_was_sent_once(self, azure: Azure, ended: Ended) -> None:
        assert azure.asked("POST", "startPendingUpload") == 1

    def test_nothing_was_asked_that_azure_does_not_know(self, azure: Azure, ended: Ended) -> None:
        assert [each.url for each in azure.world.journal.exchanges if each.status == 501] == []


def test_code_that_is_there_already_is_not_sent_again(azure: Azure, repo: Path, step: Callable[..., Ended]) -> None:
    repository(repo, {"ok": ["print(1)"]})

    first = step()
    second = step(Build_BuildId="43")

    assert (first.code, second.code) == (0, 0)
    assert azure.asked("POST", "startPendingUpload") == 1
    assert len(azure.jobs()) == 2


def test_a_cancelled_step_leaves_no_job_running(azure: Azure, repo: Path, tmp_path: Path) -> None:
    repository(repo, {"long": SLEEPS, "longer": SLEEPS})
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "out")}))
    wait_for(lambda: [job.status for job in azure.jobs()] == ["Running", "Running"])

    process.send_signal(signal.SIGINT)

    began = time.monotonic()
    ended = Ended(process, tmp_path / "out" / "results.json")
    assert time.monotonic() - began < 30  # seven seconds where nothing else is busy
    assert ended.code == 130
    assert ended.outcomes == {"long": "cancelled", "longer": "cancelled"}
    wait_for(lambda: {job.status for job in azure.jobs()} == {"Canceled"})


def test_a_step_that_is_tried_again_takes_its_jobs_over(
    azure: Azure, repo: Path, tmp_path: Path, step: Callable[..., Ended]
) -> None:
    """Killed without a word; within the same attempt nothing is submitted twice, and no result is lost."""
    repository(repo, {"quick": ["print(1)"], "slow": ["import time; time.sleep(12)", "print(2)"]})
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "lost")}))
    wait_for(lambda: {job.status for job in azure.jobs()} == {"Completed", "Running"})
    process.kill()
    process.communicate()

    ended = step()

    assert ended.outcomes == {"quick": "passed", "slow": "passed"}
    assert len(azure.jobs()) == 2
    assert "found from before, and taken over: nb-slow-" in ended.log


def test_a_notebook_that_failed_runs_again_when_its_step_is_tried_again(
    azure: Azure, repo: Path, step: Callable[..., Ended]
) -> None:
    repository(repo, {"ok": ["print(1)"], "bad": ["1 / 0"]})
    step()

    again = step()

    assert again.outcomes == {"ok": "passed", "bad": "failed"}
    assert len(azure.jobs()) == 3


def test_jobs_that_nobody_waits_for_are_cancelled_by_the_next_build_of_the_pull_request(
    azure: Azure, repo: Path, tmp_path: Path, step: Callable[..., Ended]
) -> None:
    repository(repo, {"long": SLEEPS})
    request = {"System_PullRequest_PullRequestId": "5"}
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "lost")}, **request))
    wait_for(lambda: [job.status for job in azure.jobs()] == ["Running"])
    process.kill()
    process.communicate()
    write_notebook(repo / "nb" / "long.ipynb", ["print('short now')"], kernelspec={"name": "python3"})

    ended = step(Build_BuildId="43", **request)

    assert ended.outcomes == {"long": "passed"}
    assert "Cancelled, as nobody waits for it any more: nb-long-" in ended.log
    wait_for(lambda: sorted(job.status for job in azure.jobs()) == ["Canceled", "Completed"])


def test_jobs_are_submitted_by_one_step_and_collected_by_another(
    azure: Azure, repo: Path, step: Callable[..., Ended]
) -> None:
    repository(repo, {"ok": ["print(1)"], "bad": ["1 / 0"]})

    submitted = step({"wait": "false"})
    names = submitted.variable("Jobs")
    collected = step({"resume": names}, System_TaskInstanceName="collect")

    assert submitted.code == 0
    assert collected.outcomes == {"ok": "passed", "bad": "failed"}
    assert sorted(names.split(",")) == sorted(job.id for job in azure.jobs())


def test_what_a_notebook_logs_by_mlflow_is_in_the_report(azure: Azure, repo: Path, step: Callable[..., Ended]) -> None:
    log = """
import json, os, time, urllib.request
uri = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://").replace("/mlflow/v1.0", "/mlflow/v2.0")
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "r2", "value": 0.5, "timestamp": int(time.time() * 1000)}
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
address = uri + "/api/2.0/mlflow/runs/log-metric"
urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers)).status
"""
    repository(repo, {"logs": [log]})

    ended = step()

    assert ended.outcomes == {"logs": "passed"}, ended.log
    assert ended.report["results"][0]["scraps"] == {"r2": 0.5}
    assert ended.variable("Scraps.nb_logs.r2") == "0.5"


def test_serverless_machines_and_named_outputs(azure: Azure, repo: Path, step: Callable[..., Ended]) -> None:
    """Without a cluster; what a notebook leaves in a named folder is an output of its job."""
    leaves = "import os, pathlib; pathlib.Path(os.environ['AZURE_ML_OUTPUT_models'], 'm.txt').write_text('weights')"
    repository(repo, {"leaves": [leaves]})

    ended = step({"compute": "", "instanceType": "Standard_DS3_v2", "outputs": "models", "identity": "managed"})

    assert ended.outcomes == {"leaves": "passed"}, ended.log
    (job,) = azure.jobs()
    assert (job.target, job.size) == ("serverless", "Standard_DS3_v2")
    assert list(job.outputs) == ["models"]


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"compute": "cpus"}, "compute: 'cpus' is not in the workspace tests (did you mean 'cpu'?): there are 'cpu'."),
        ({"environment": "conda.yml"}, "environment: 'conda.yml': 'conda.yml' does not exist."),
        ({"azureSubscription": ""}, "azureSubscription: name the service connection by which Azure ML is reached."),
        ({"secretParameters": "TOKEN=abcdefgh"}, "secretParameters: cannot be sent to Azure ML"),
        ({"platform": "azureml2"}, "platform: 'azureml2' is none (did you mean 'azureml'?)"),
    ],
)
def test_bad_input_is_one_sentence(
    repo: Path, step: Callable[..., Ended], inputs: dict[str, str], sentence: str
) -> None:
    repository(repo, {"ok": ["print(1)"]})

    ended = step(inputs)

    assert ended.code == 2
    assert f"##vso[task.logissue type=error]{sentence}" in ended.log


def test_an_environment_that_cannot_be_built(azure: Azure, repo: Path, step: Callable[..., Ended]) -> None:
    repository(repo, {"ok": ["print(1)"]})
    (repo / "conda.yml").write_text("dependencies: [pip, {pip: [there-is-no-such-package-anywhere]}]\n")

    ended = step({"environment": "conda.yml"})

    (result,) = ended.report["results"]
    assert result["outcome"] == "notRun"
    assert result["message"].startswith("The job failed in Azure ML: the environment could not be built: Image build")
    assert any("there-is-no-such-package-anywhere" in note for note in result["notes"])
    assert any(note.startswith("In Azure ML Studio: https://ml.azure.com/") for note in result["notes"])


def essence(report: dict[str, Any]) -> Any:
    """All that a report says, without places and times."""
    return without_varying(report["results"])
