"""The platform against Azure on loopback; the SDK's own environment is a process of its own."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.places import Places, open_places
from tests.azureml.steps import CarriedOut, Ended
from tests.locking import one_at_a_time

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def azureml_python(shared: Path) -> Path:
    """The interpreter that has the SDK, made when it is not there."""
    import environment

    with one_at_a_time(shared / "azureml.lock"):
        return environment.azureml_python()


@pytest.fixture(scope="session")
def azureml_v1_python(shared: Path) -> Path:
    """The interpreter that has the SDK v1."""
    import environment

    with one_at_a_time(shared / "azureml-v1.lock"):
        return environment.azureml_v1_python()


@pytest.fixture
def azure(tmp_path: Path, azureml_python: Path) -> Iterator[Azure]:
    """A subscription with one workspace, of this test alone."""
    with open_azure(tmp_path, azureml_python) as opened:
        yield opened


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Places]:
    """One workspace and one process for all tests of the group `azureml-places`."""
    with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as azure, open_places(azure) as opened:
        yield opened


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return tmp_path / "repo"


@pytest.fixture
def step(azure: Azure, repo: Path, tmp_path: Path) -> Callable[..., Ended]:
    """Runs a step to its end."""

    def run(inputs: dict[str, str] | None = None, **variables: str) -> Ended:
        output = tmp_path / "results"
        job = azure.job(repo, {"outputFolder": str(output), **(inputs or {})}, **variables)
        return Ended(azure.start(job), output / "results.json")

    return run


@pytest.fixture
def shared_step(places: Places, repo: Path, tmp_path: Path) -> Callable[..., Ended]:
    """The same for the group `azureml-places`: in its one process and workspace, of a build of this test alone."""
    build = uuid.uuid4().hex

    def run(inputs: dict[str, str] | None = None, **variables: str) -> Ended:
        output = tmp_path / "results"
        given = {"outputFolder": str(output), **(inputs or {})}
        return CarriedOut(
            places, places.azure.job(repo, given, **{"Build_BuildId": build, **variables}), output / "results.json"
        )

    return run
