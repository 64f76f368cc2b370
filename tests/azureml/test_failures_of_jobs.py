"""What becomes of a notebook whose job, node or service fails: a sentence, and never a lost or doubled result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.faults import Fault
from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended, repository, wait_for

# Every kind of request that submitting, watching and collecting makes.
REQUESTS = (
    ("POST", "*/oauth2/v2.0/token*"),
    ("GET", "*/workspaces/tests"),
    ("GET", "*/computes/cpu*"),
    ("GET", "*/versions*"),
    ("POST", "*/startPendingUpload*"),
    ("PUT", "*/codes/*"),
    ("PUT", "*/environments/*"),
    ("PUT", "*/jobs/*"),
    ("GET", "*/jobs/*"),
    ("GET", "*/details*"),
    ("GET", "*/datastores*"),
    ("POST", "*/listSecrets*"),
    ("GET", "*/mlflow/*"),
)


def test_a_job_that_is_cancelled_in_studio(azure: Azure, repo: Path, tmp_path: Path) -> None:
    repository(repo, {"long": ["print('begun', flush=True)", "import time; time.sleep(300)"]})
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "out")}))
    wait_for(lambda: [job.status for job in azure.jobs()] == ["Running"])

    azure.world.azure.execution.cancel(azure.jobs()[0])

    ended = Ended(process, tmp_path / "out" / "results.json")
    assert ended.code == 1
    assert ended.outcomes == {"long": "cancelled"}


def test_a_job_that_runs_out_of_memory(repo: Path, step: Callable[..., Ended]) -> None:
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

    ended = step()

    (result,) = ended.report["results"]
    assert result["outcome"] == "kernelDied"
    assert "the node ran out of memory" in result["message"]
    assert result["cells"][0]["outcome"] == "passed"


@pytest.mark.long
@pytest.mark.parametrize("fault", ["429", "500", "reset", "500 after", "reset after"])
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_one_fault_changes_nothing(
    azure: Azure, repo: Path, step: Callable[..., Ended], method: str, path: str, fault: str
) -> None:
    """Before the request is carried out, or after: with the answer lost."""
    repository(repo, {"ok": ["print(1)"], "bad": ["1 / 0"]})
    what, _, when = fault.partition(" ")
    rule = {"method": method, "path": path, "nth": 1, "when": when or "before"}
    rule |= {"reset": True} if what == "reset" else {"status": int(what), "headers": {"Retry-After": "1"}}
    azure.world.faults.add(Fault.model_validate(rule))

    ended = step()

    assert ended.report, ended.log
    assert ended.outcomes == {"ok": "passed", "bad": "failed"}, ended.log
    assert len(azure.jobs()) == 2
