"""The platform against Azure on loopback; the SDK's own environment is a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.locking import one_at_a_time

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def azureml_python(shared: Path) -> Path:
    """The interpreter that has the SDK, made when it is not there."""
    import environment

    with one_at_a_time(shared / "azureml.lock"):
        return environment.azureml_python()


@pytest.fixture
def azure(tmp_path: Path, azureml_python: Path) -> Iterator[Azure]:
    """A subscription with one workspace, of this test alone."""
    with open_azure(tmp_path, azureml_python) as opened:
        yield opened
