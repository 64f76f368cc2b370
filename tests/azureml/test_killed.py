"""The task's process, its network or all of Azure gone at any point: the next start ends with every result once, and no
job is left running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.azureml.cloud import Azure
from tests.azureml.losing import NOTEBOOKS, OUTCOMES, WAYS, Lost, active, interrupt
from tests.azureml.steps import Ended, repository, wait_for

POINTS = range(2, 52, 5)  # requests that were made by then, of the sixty or so of a whole run


@pytest.mark.long
@pytest.mark.parametrize("requests", POINTS)
@pytest.mark.parametrize("lost", WAYS.values(), ids=WAYS.keys())
def test_the_same_attempt_tried_again_has_every_result_once(
    azure: Azure,
    repo: Path,
    tmp_path: Path,
    step: Callable[..., Ended],
    lost: Lost,
    requests: int,
) -> None:
    repository(repo, NOTEBOOKS)
    process = interrupt(azure, repo, {"outputFolder": str(tmp_path / "lost")}, requests)

    with lost(azure, process):
        ended = step()

    assert ended.outcomes == OUTCOMES, ended.log
    assert active(azure) == []
    done = [job.display_name for job in azure.jobs() if job.status == "Completed"]
    assert sorted(done) == ["nb/ok.ipynb", "nb/slow.ipynb"]


@pytest.mark.long
@pytest.mark.parametrize("requests", POINTS)
@pytest.mark.parametrize("lost", WAYS.values(), ids=WAYS.keys())
def test_the_next_build_cancels_what_is_left_and_has_results_of_its_own(
    azure: Azure,
    repo: Path,
    tmp_path: Path,
    step: Callable[..., Ended],
    lost: Lost,
    requests: int,
) -> None:
    repository(repo, NOTEBOOKS)
    process = interrupt(azure, repo, {"outputFolder": str(tmp_path / "lost")}, requests)

    with lost(azure, process):
        ended = step({"cancelSuperseded": "true"}, Build_BuildId="43")

    assert ended.outcomes == OUTCOMES, ended.log
    wait_for(lambda: active(azure) == [])
    own = [job.display_name for job in azure.jobs() if job.tags["amltasks.build"] == "43"]
    assert sorted(own) == ["nb/bad.ipynb", "nb/ok.ipynb", "nb/slow.ipynb"]
