"""Steps through the SDK v1 that are cancelled, killed, tried again: no run is left, no result lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azureml.cloud import Azure
from tests.azureml.places import Places, open_places
from tests.azureml.steps import CarriedOut, Cells, Ended, repository, wait_for
from tests.azureml_v1.steps import begin, run

pytestmark = [pytest.mark.xdist_group("azureml-v1 task"), pytest.mark.timeout(600)]

PATIENCE = 200.0  # seconds: the first upload waits for a storage account to start
SLEEPS: Cells = ["print('begun', flush=True)", "import time; time.sleep(300)"]


@pytest.fixture(scope="module")
def places(azure: Azure) -> Iterator[Places]:
    with open_places(azure) as opened:
        yield opened


def states(azure: Azure, build: str) -> list[str]:
    return sorted(job.status for job in azure.jobs() if job.tags.get("amltasks.build") == build)


def test_a_cancelled_step_leaves_no_run_active(azure: Azure, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", {"long": SLEEPS})
    process = begin(azure, repo, tmp_path / "out", Build_BuildId="1")
    wait_for(lambda: states(azure, "1") == ["Running"], PATIENCE)

    process.send_signal(signal.SIGINT)

    ended = Ended(process, tmp_path / "out" / "results.json", seconds=PATIENCE)
    assert ended.code == 130
    assert ended.outcomes == {"long": "cancelled"}
    wait_for(lambda: states(azure, "1") == ["Canceled"], PATIENCE)


def test_a_step_that_is_tried_again_takes_its_runs_over(azure: Azure, tmp_path: Path) -> None:
    """Killed without a word; within the same attempt nothing is submitted twice, and no result is lost."""
    wait = "import os, time\nwhile not os.path.exists({!r}): time.sleep(0.1)".format(str(tmp_path / "go"))
    repo = repository(tmp_path / "repo", {"quick": ["print(1)"], "slow": [wait, "print(2)"]})
    process = begin(azure, repo, tmp_path / "lost", Build_BuildId="2")
    wait_for(lambda: states(azure, "2") == ["Completed", "Running"], PATIENCE)
    process.kill()
    process.communicate()
    (tmp_path / "go").touch()

    ended = run(azure, repo, tmp_path / "out", Build_BuildId="2")

    assert ended.outcomes == {"quick": "passed", "slow": "passed"}
    assert len(states(azure, "2")) == 2
    assert "found from before, and taken over: nb-slow-" in ended.log


def test_runs_that_nobody_waits_for_are_cancelled_by_the_next_build_of_the_pull_request(
    azure: Azure, tmp_path: Path
) -> None:
    repo = repository(tmp_path / "repo", {"long": SLEEPS})
    request = {"System_PullRequest_PullRequestId": "5"}
    process = begin(azure, repo, tmp_path / "lost", Build_BuildId="3", **request)
    wait_for(lambda: states(azure, "3") == ["Running"], PATIENCE)
    process.kill()
    process.communicate()
    (repo / "nb" / "long.ipynb").unlink()
    repository(tmp_path / "new", {"short": ["print(1)"]})

    ended = run(azure, tmp_path / "new", tmp_path / "out", Build_BuildId="4", **request)

    assert ended.outcomes == {"short": "passed"}
    assert "Cancelled, as nobody waits for it any more: nb-long-" in ended.log
    wait_for(lambda: states(azure, "3") == ["Canceled"], PATIENCE)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"compute": "cpus"}, "compute: 'cpus' is not in the workspace tests (did you mean 'cpu'?): there are 'cpu'"),
        ({"outputs": "models"}, "outputs: the SDK v1 does not have it: take it away, or say `platform: azureml`."),
        ({"compute": ""}, "compute: name a cluster of the workspace: the SDK v1 has no serverless machines."),
    ],
)
def test_bad_input_is_one_sentence(places: Places, tmp_path: Path, inputs: dict[str, str], sentence: str) -> None:
    repo = repository(tmp_path / "repo", {"ok": ["print(1)"]})

    ended = CarriedOut(places, places.azure.job(repo, {"platform": "azureml-v1", **inputs}), tmp_path / "no")

    assert ended.code == 2
    assert f"##vso[task.logissue type=error]{sentence}" in ended.log
