"""The task's process killed at any point: the next try ends with every result once and no job left running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended, repository, wait_for

POINTS = range(3, 43, 4)  # requests that were made by then, of the fifty or so of a whole run


@pytest.mark.long
@pytest.mark.parametrize("requests", POINTS)
def test_killed_without_a_word(
    azure: Azure, repo: Path, tmp_path: Path, step: Callable[..., Ended], requests: int
) -> None:
    repository(repo, {"ok": ["print(1)"], "slow": ["import time; time.sleep(5)"], "bad": ["1 / 0"]})
    process = azure.start(azure.job(repo, {"outputFolder": str(tmp_path / "lost")}))
    wait_for(lambda: len(azure.world.journal.exchanges) >= requests or process.poll() is not None)
    process.kill()
    process.communicate()

    ended = step()

    assert ended.outcomes == {"ok": "passed", "slow": "passed", "bad": "failed"}, ended.log
    wait_for(lambda: {job.status for job in azure.jobs()} <= {"Completed", "Failed"})
    done = [job.display_name for job in azure.jobs() if job.status == "Completed"]
    assert sorted(done) == ["nb/ok.ipynb", "nb/slow.ipynb"]
