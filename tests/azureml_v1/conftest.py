"""The platform azureml-v1 against the same Azure on loopback; the SDK v1 in a process and an environment of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.conftest import azureml_python
from tests.locking import one_at_a_time

__all__ = ["azureml_python"]  # of the SDK v2: what one of them registers, the other one finds
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def azureml_v1_python(shared: Path) -> Path:
    """The interpreter that has the SDK v1, made when it is not there."""
    import environment

    with one_at_a_time(shared / "azureml-v1.lock"):
        return environment.azureml_v1_python()


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, azureml_v1_python: Path) -> Iterator[Azure]:
    """A subscription with one workspace for the tests of a module; the SDK's caches are theirs alone."""
    folder = tmp_path_factory.mktemp("azure")
    with open_azure(folder, azureml_v1_python) as opened:
        opened.environment["HOME"] = str(folder)
        yield opened
