"""A sandbox for each worker of the tests, and pipelines in repositories of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import Server
from sandbox.world import World
from tests.recordings import record
from tests.sandbox.agent.pipelines import Pipelines


@pytest.fixture(scope="session")
def sandbox() -> Iterator[tuple[World, Server]]:
    world = record(World.open(None))
    with Server(world) as server:
        yield world, server
    world.close()


@pytest.fixture
def pipelines(sandbox: tuple[World, Server], tmp_path: Path) -> Pipelines:
    return Pipelines(*sandbox, tmp_path)
