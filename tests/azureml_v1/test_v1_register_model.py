"""RegisterModel in a workspace through the SDK v1."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azureml.cloud import Azure
from tests.azureml.registering import register, repository

pytestmark = pytest.mark.xdist_group("azureml-v1 registry")


@pytest.mark.long
def test_a_better_model_is_registered_and_a_worse_one_is_not(azure: Azure, tmp_path: Path) -> None:
    repo, inputs = tmp_path / "repo", {"metricsFile": "metrics.json", "platform": "azureml-v1"}
    first = register(azure, repository(repo, 0.8), tmp_path / "1", "1", **inputs)
    again = register(azure, repo, tmp_path / "2", "1", **inputs)
    worse = register(azure, repository(repo, 0.7), tmp_path / "3", "2", whenNotBetter="fail", **inputs)

    assert (first.code, again.code, worse.code) == (0, 0, 1), first.log
    assert [step.variable("ModelId") for step in (first, again, worse)] == ["diabetes:1", "diabetes:1", ""]
    assert "Registered diabetes:1 (in an earlier try)." in again.log
    assert "The new diabetes is not better than diabetes:1 and is not registered: accuracy 0.7 " in worse.log
