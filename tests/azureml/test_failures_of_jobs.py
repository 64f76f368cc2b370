"""What becomes of a notebook whose job or node fails: a sentence, and what was done until then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended, repository, wait_for


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
