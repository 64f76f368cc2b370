"""What becomes of a notebook whose job or node fails: a sentence, and what was done until then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.faults import Fault
from tests.azureml.cloud import GROUP, WORKSPACE, Azure
from tests.azureml.places import Places
from tests.azureml.steps import Cells, Ended, repository, wait_for


def test_a_job_that_is_cancelled_in_studio(azure: Azure, repo: Path, tmp_path: Path) -> None:
    """And whose metrics may not be seen, which is told."""
    azure.world.faults.add(Fault(path="*/mlflow/*", status=403))
    repository(repo, {"long": ["print('begun', flush=True)", "import time; time.sleep(300)"]})
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "out")}))
    wait_for(lambda: [job.status for job in azure.jobs()] == ["Running"])

    azure.world.azure.execution.cancel(azure.jobs()[0])

    ended = Ended(process, tmp_path / "out" / "results.json")
    assert ended.code == 1
    assert ended.outcomes == {"long": "cancelled"}
    notes = ended.report["results"][0]["notes"]
    assert [note for note in notes if note.startswith("The metrics that nb-long-")], notes


@pytest.mark.long
def test_a_node_that_is_taken_away_and_the_next_one_that_the_job_has(azure: Azure, repo: Path, tmp_path: Path) -> None:
    """With one node of low priority for two notebooks: each waits for the other once."""
    workspace = azure.world.azure.workspaces.find(GROUP, WORKSPACE)
    assert workspace
    azure.world.azure.computes.create(workspace, "spot", nodes=1, low_priority=True)
    go = tmp_path / "go"
    until = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.1)"
    waits: Cells = ["print('begun', flush=True)", until]
    repository(repo, {"one": waits, "two": waits})
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "out"), "compute": "spot"}))
    wait_for(lambda: sorted(job.status for job in azure.jobs()) == ["Queued", "Running"])
    (first,) = (job.id for job in azure.jobs() if job.status == "Running")
    wait_for(lambda: azure.asked("GET", f"dcid.{first}/user_logs") > 0)  # so it has been seen to run

    azure.world.azure.execution.preempt(first)
    wait_for(lambda: [job.status for job in azure.jobs() if job.id == first] == ["Queued"])
    seen = azure.asked("GET", f"runs/{first}/details")
    wait_for(lambda: azure.asked("GET", f"runs/{first}/details") > seen + 1)
    go.touch()

    ended = Ended(process, tmp_path / "out" / "results.json")
    assert ended.outcomes == {"one": "passed", "two": "passed"}, ended.log
    assert [len(result["cells"]) for result in ended.report["results"]] == [2, 2]
    assert ended.log.count("Azure ML: its node was taken away (preempted); it begins anew on another") == 1
    assert len(azure.jobs()) == 2


@pytest.mark.xdist_group("azureml-places")
def test_machines_that_the_quota_does_not_allow(
    places: Places, repo: Path, shared_step: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places.azure.world.azure.computes, "quota", 2)
    repository(repo, {"ok": ["print(1)"]})

    ended = shared_step({"compute": "", "instanceType": "Standard_DS3_v2"})

    (result,) = ended.report["results"]
    assert result["outcome"] == "notRun"
    assert result["message"] == (
        "The job failed in Azure ML: the quota does not allow a node: The specified subscription has a Standard DSv2 "
        "Family vCPU quota of 2 and cannot accommodate at least 4 requested cores. Please request a quota increase."
    )


@pytest.mark.xdist_group("azureml-places")
def test_a_job_that_runs_out_of_memory(repo: Path, shared_step: Callable[..., Ended]) -> None:
    """The whole job is killed: what its log and the saved cells tell is kept."""
    kill_the_runner = """
import os, signal, pathlib
pid = os.getpid()
while True:
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    pid = int(stat[1])
    if b"azureml.inside" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
        os.kill(pid, signal.SIGKILL)
        break
"""
    repository(repo, {"greedy": ["print('before', flush=True)", kill_the_runner, "print('after')"]})

    ended = shared_step()

    (result,) = ended.report["results"]
    assert result["outcome"] == "kernelDied"
    assert "the node ran out of memory" in result["message"]
    assert result["cells"][0]["outcome"] == "passed"


@pytest.mark.long
def test_a_job_that_is_submitted_though_nobody_hears_of_it_is_not_left_running(
    azure: Azure, repo: Path, step: Callable[..., Ended]
) -> None:
    """Every answer to it is lost, and so are those to the question whether it is there."""
    azure.world.faults.add(Fault(method="PUT", path="*/jobs/*", reset=True, when="after"))
    azure.world.faults.add(Fault(method="GET", path="*/jobs/*", nth="2-", status=412))
    repository(repo, {"long": ["import time; time.sleep(300)"]})

    ended = step()

    assert ended.outcomes == {"long": "notRun"}
    assert "Could not be run: " in ended.report["results"][0]["message"]
    wait_for(lambda: [job.status for job in azure.jobs()] == ["Canceled"])
