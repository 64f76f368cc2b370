"""Workspaces of one world of Azure, a new one for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.azure.resources import Resource
from sandbox.world import World
from tests.recordings import record
from tests.sandbox.azure.conftest import Cloud, opened, sdk
from tests.sandbox.azureml.scene import Scene

__all__ = ["sdk"]


@pytest.fixture(scope="module")
def cloud(sdk: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    world = record(World.open())
    with opened(world, sdk, tmp_path_factory.mktemp("azureml")) as cloud:  # type: ignore[arg-type]
        cloud.environment["AZUREML_RUN_POLLING_INTERVAL_MIN"] = "0"  # seconds, of the SDK's log stream
        yield cloud


@contextmanager
def new_workspace(cloud: Cloud) -> Iterator[Resource]:
    """One with a cluster of two nodes; the pace of the cloud is afterwards what it was."""
    azure = cloud.world.azure
    workspace = azure.workspaces.create(f"ws-{uuid.uuid4().hex[:8]}")
    azure.computes.create(workspace, "cpu", nodes=2)
    before = dict(vars(azure.execution.pace))
    yield workspace
    vars(azure.execution.pace).update(before)


@pytest.fixture
def scene(cloud: Cloud) -> Iterator[Scene]:
    with new_workspace(cloud) as workspace:
        yield Scene(cloud, workspace)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    return folder
