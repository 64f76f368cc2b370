"""The task on Azure ML, from its inputs to its report: real jobs on a cluster of two nodes, by the unmodified SDK."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.faults import Fault
from tests.azureml.cloud import Azure
from tests.azureml.places import Places
from tests.azureml.steps import Cells, Ended, repository, wait_for
from tests.notebooks.running import write_notebook

SHARED = pytest.mark.xdist_group("azureml-places")
SLEEPS: Cells = ["print('begun', flush=True)", "import time; time.sleep(300)"]


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
    assert time.monotonic() - began < 100  # seven seconds where nothing else is busy; the notebooks take 300
    assert ended.code == 130
    assert ended.outcomes == {"long": "cancelled", "longer": "cancelled"}
    wait_for(lambda: {job.status for job in azure.jobs()} == {"Canceled"})


def test_a_signal_before_there_is_any_job_ends_the_step_at_once(azure: Azure, repo: Path, tmp_path: Path) -> None:
    repository(repo, {"ok": ["print(1)"]})
    azure.world.faults.add(Fault(path="*/workspaces/tests", delay=120))
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "out")}))
    wait_for(lambda: azure.asked("POST", "/oauth2/v2.0/token") > 0)

    process.send_signal(signal.SIGINT)

    log, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in log, log
    assert azure.jobs() == []


def test_a_step_that_is_tried_again_takes_its_jobs_over(azure: Azure, repo: Path, tmp_path: Path) -> None:
    """Killed without a word; within the same attempt nothing is submitted twice, and no result is lost."""
    go_on = tmp_path / "go-on"
    waits = f"import os, time\nwhile not os.path.exists({str(go_on)!r}): time.sleep(0.1)"
    repository(repo, {"quick": ["print(1)"], "slow": [waits, "print(2)"]})
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "lost")}))
    wait_for(lambda: {job.status for job in azure.jobs()} == {"Completed", "Running"})
    process.kill()
    process.communicate()
    asked = azure.asked("GET", "/jobs")

    again = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "again")}))
    wait_for(lambda: azure.asked("GET", "/jobs") > asked + 1)
    go_on.touch()
    ended = Ended(again, tmp_path / "again" / "results.json")

    assert ended.outcomes == {"quick": "passed", "slow": "passed"}
    assert len(azure.jobs()) == 2
    assert "found from before, and taken over: nb-slow-" in ended.log


@SHARED
def test_a_notebook_that_failed_runs_again_when_its_step_is_tried_again(
    places: Places, repo: Path, shared_step: Callable[..., Ended]
) -> None:
    repository(repo, {"ok": ["print(1)"], "bad": ["1 / 0"]})
    before = len(places.azure.jobs())
    shared_step()

    again = shared_step()

    assert again.outcomes == {"ok": "passed", "bad": "failed"}
    assert len(places.azure.jobs()) - before == 3


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


@SHARED
def test_jobs_are_submitted_by_one_step_and_collected_by_another(
    places: Places, repo: Path, shared_step: Callable[..., Ended]
) -> None:
    repository(repo, {"ok": ["print(1)"], "bad": ["1 / 0"]})
    before = {job.id for job in places.azure.jobs()}

    submitted = shared_step({"wait": "false"})
    names = submitted.variable("Jobs")
    collected = shared_step({"resume": names}, System_TaskInstanceName="collect")

    assert submitted.code == 0
    assert collected.outcomes == {"ok": "passed", "bad": "failed"}
    assert set(names.split(",")) == {job.id for job in places.azure.jobs()} - before


@SHARED
def test_what_a_notebook_logs_by_mlflow_is_in_the_report(repo: Path, shared_step: Callable[..., Ended]) -> None:
    log = """
import json, os, time, urllib.request
uri = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://").replace("/mlflow/v1.0", "/mlflow/v2.0")
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "r2", "value": 0.5, "timestamp": int(time.time() * 1000)}
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
address = uri + "/api/2.0/mlflow/runs/log-metric"
urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers)).status
"""
    repository(repo, {"logs": [log]})

    ended = shared_step()

    assert ended.outcomes == {"logs": "passed"}, ended.log
    assert ended.report["results"][0]["scraps"] == {"r2": 0.5}
    assert ended.variable("Scraps.nb_logs.r2") == "0.5"


@SHARED
def test_serverless_machines_and_named_outputs(places: Places, repo: Path, shared_step: Callable[..., Ended]) -> None:
    """Without a cluster; what a notebook leaves in a named folder is an output of its job."""
    leaves = "import os, pathlib; pathlib.Path(os.environ['AZURE_ML_OUTPUT_models'], 'm.txt').write_text('weights')"
    repository(repo, {"leaves": [leaves]})

    ended = shared_step({"compute": "", "instanceType": "Standard_DS3_v2", "outputs": "models", "identity": "managed"})

    assert ended.outcomes == {"leaves": "passed"}, ended.log
    job = places.azure.jobs()[0]
    assert job.id == ended.variable("Jobs")
    assert (job.target, job.size) == ("serverless", "Standard_DS3_v2")
    assert list(job.outputs) == ["models"]


@SHARED
@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"compute": "cpus"}, "compute: 'cpus' is not in the workspace tests (did you mean 'cpu'?): there are 'cpu'"),
        ({"environment": "conda.yml"}, "environment: 'conda.yml': 'conda.yml' does not exist."),
        ({"azureSubscription": ""}, "azureSubscription: name the service connection by which Azure ML is reached."),
        ({"secretParameters": "TOKEN=abcdefgh"}, "secretParameters: cannot be sent to Azure ML"),
        ({"platform": "azureml2"}, "platform: 'azureml2' is none (did you mean 'azureml'?)"),
    ],
)
def test_bad_input_is_one_sentence(
    repo: Path, shared_step: Callable[..., Ended], inputs: dict[str, str], sentence: str
) -> None:
    repository(repo, {"ok": ["print(1)"]})

    ended = shared_step(inputs)

    assert ended.code == 2
    assert f"##vso[task.logissue type=error]{sentence}" in ended.log


@SHARED
def test_an_environment_that_cannot_be_built(repo: Path, shared_step: Callable[..., Ended]) -> None:
    repository(repo, {"ok": ["print(1)"]})
    (repo / "conda.yml").write_text("dependencies: [pip, {pip: [there-is-no-such-package-anywhere]}]\n")

    ended = shared_step({"environment": "conda.yml"})

    (result,) = ended.report["results"]
    assert result["outcome"] == "notRun"
    assert result["message"].startswith("The job failed in Azure ML: the environment could not be built: Image build")
    assert any("there-is-no-such-package-anywhere" in note for note in result["notes"])
    assert any(note.startswith("In Azure ML Studio: https://ml.azure.com/") for note in result["notes"])
