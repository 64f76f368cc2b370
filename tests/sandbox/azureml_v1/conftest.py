"""Workspaces of one world of Azure for the SDK v1, a new one for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.world import World
from tests.locking import one_at_a_time
from tests.recordings import record
from tests.sandbox.azure.conftest import Cloud, opened, sdk
from tests.sandbox.azure.sdk import Sdk
from tests.sandbox.azureml.conftest import code, new_workspace
from tests.sandbox.azureml_v1.scene import Scene

__all__ = ["code", "sdk"]  # the SDK v2: what one of them registers, the other one finds


@pytest.fixture(scope="session")
def sdk_v1(shared: Path) -> Iterator[Sdk]:
    import environment

    with one_at_a_time(shared / "azureml-v1.lock"):
        python = environment.azureml_v1_python()
    sdk = Sdk(python)
    yield sdk
    sdk.close()


@pytest.fixture(scope="module")
def cloud(sdk_v1: Sdk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    world, folder = record(World.open()), tmp_path_factory.mktemp("azureml-v1")
    with opened(world, sdk_v1, folder) as cloud:
        cloud.environment |= {"HOME": str(folder), "AZUREML_LOG_DEPRECATION_WARNING_ENABLED": "False"}
        yield cloud


@pytest.fixture
def scene(cloud: Cloud) -> Iterator[Scene]:
    with new_workspace(cloud) as workspace:
        yield Scene(cloud, workspace)
