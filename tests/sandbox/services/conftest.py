"""A sandbox for each test, and the ways to talk to it: raw HTTP and the real Azure DevOps SDK."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

# Read by the SDK when it is imported; a folder of its own keeps it from routes that another server told.
os.environ.setdefault("AZURE_DEVOPS_CACHE_DIR", tempfile.mkdtemp(prefix="azure-devops-"))

from azure.devops.connection import Connection
from msrest.authentication import BasicAuthentication

from sandbox.devops.build.documents import Build
from sandbox.server import Server
from sandbox.world import World
from tests.sandbox.services.http_client import Client


@pytest.fixture
def world() -> Iterator[World]:
    world = World.open()
    yield world
    world.close()


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    with Server(world) as server:
        yield server


@pytest.fixture
def client(world: World, server: Server) -> Client:
    return Client(server, world.tokens.issue("Build Service"))


@pytest.fixture
def sdk(world: World, server: Server) -> Any:
    """The SDK's 7.1 clients."""
    token = world.tokens.issue("Build Service")
    return Connection(server.collection_url, BasicAuthentication("", token)).clients_v7_1


@pytest.fixture
def build(world: World) -> Build:
    return world.builds.create("notebooks", source_branch="refs/heads/main", source_version="f" * 40, repository="demo")


@pytest.fixture
def run_id(client: Client, build: Build) -> int:
    """A test run in progress."""
    body = {"name": "Notebooks", "automated": True, "state": "InProgress", "build": {"id": str(build.id)}}
    return int(client.post("test/runs", body)["id"])
