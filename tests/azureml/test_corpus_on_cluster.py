"""Real and hostile notebooks as jobs of a cluster: each has the outcome that it has on the agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azureml.cloud import Azure
from tests.azureml.corpus import differing


@pytest.mark.long
@pytest.mark.timeout(7300)
def test_every_notebook_has_the_outcome_that_it_has_on_the_agent(azure: Azure, tmp_path: Path) -> None:
    assert differing(azure, tmp_path) == {}
