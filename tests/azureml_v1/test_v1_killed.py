"""As with the SDK v2: whatever is lost at any point, the next start has every result once and no run is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.losing import NOTEBOOKS, OUTCOMES, WAYS, Lost, active, interrupt
from tests.azureml.steps import Ended, repository, wait_for
from tests.azureml_v1.steps import run

POINTS = range(4, 84, 8)  # requests that were made by then
pytestmark = pytest.mark.long


@pytest.fixture
def azure(tmp_path: Path, azureml_v1_python: Path) -> Iterator[Azure]:
    """A subscription of this test alone."""
    with open_azure(tmp_path, azureml_v1_python) as opened:
        opened.environment["HOME"] = str(tmp_path)
        yield opened


@pytest.mark.parametrize("requests", POINTS)
@pytest.mark.parametrize("lost", WAYS.values(), ids=WAYS.keys())
def test_the_same_attempt_tried_again_has_every_result_once(
    azure: Azure, tmp_path: Path, lost: Lost, requests: int
) -> None:
    repo = repository(tmp_path / "repo", NOTEBOOKS)
    inputs = {"platform": "azureml-v1", "outputFolder": str(tmp_path / "lost")}
    process = interrupt(azure, repo, inputs, requests)

    with lost(azure, process):
        ended = run(azure, repo, tmp_path / "again")

    assert ended.outcomes == OUTCOMES, ended.log
    assert active(azure) == []
    done = [job.display_name for job in azure.jobs() if job.status == "Completed"]
    assert sorted(done) == ["nb/ok.ipynb", "nb/slow.ipynb"]


@pytest.mark.parametrize("requests", POINTS)
@pytest.mark.parametrize("lost", WAYS.values(), ids=WAYS.keys())
def test_the_next_build_cancels_what_is_left_and_has_results_of_its_own(
    azure: Azure, tmp_path: Path, lost: Lost, requests: int
) -> None:
    repo = repository(tmp_path / "repo", NOTEBOOKS)
    inputs = {"platform": "azureml-v1", "cancelSuperseded": "true"}
    process = interrupt(azure, repo, {**inputs, "outputFolder": str(tmp_path / "lost")}, requests)

    with lost(azure, process):
        again = {**inputs, "outputFolder": str(tmp_path / "again")}
        process = azure.start(azure.job(repo, again, Build_BuildId="43"))
        ended = Ended(process, tmp_path / "again" / "results.json", seconds=400)

    assert ended.outcomes == OUTCOMES, ended.log
    wait_for(lambda: active(azure) == [])
    own = [job.display_name for job in azure.jobs() if job.tags.get("amltasks.build") == "43"]
    assert sorted(own) == ["nb/bad.ipynb", "nb/ok.ipynb", "nb/slow.ipynb"]
