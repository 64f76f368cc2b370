"""A world of Azure for each test, with who may use it, reached by raw HTTP and by Microsoft's own clients."""

from __future__ import annotations

import http.client
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.azure.entra.state import Application
from sandbox.proxy import proxy_environment
from sandbox.server import Server
from sandbox.world import World
from tests.locking import one_at_a_time
from tests.sandbox.azure.sdk import Sdk

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "scripts"))
MANAGEMENT = "https://management.azure.com"
VERSION = {"api-version": "2024-10-01-preview"}


@dataclass
class Cloud:
    """A world with the workspace `ws` and an application that may do all in its subscription."""

    world: World
    server: Server
    folder: Path
    sdk: Sdk
    builds: Application
    secret: str
    environment: dict[str, str]

    @property
    def subscription(self) -> str:
        """Its path."""
        return self.world.azure.subscription.path

    @property
    def workspace(self) -> str:
        """The path of the workspace."""
        return f"{self.subscription}/resourceGroups/sandbox/providers/Microsoft.MachineLearningServices/workspaces/ws"

    def token(self, audience: str = MANAGEMENT) -> str:
        return self.world.azure.tokens.issue(self.builds.caller, audience)

    def ask(self, method: str, url: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """One request through the proxy, signed in unless `headers` say otherwise. url: a path is ARM's."""
        address = url if "://" in url else f"{MANAGEMENT}{url}"
        signed = {"Authorization": f"Bearer {self.token()}", **(headers or {})}
        with self.client() as client:
            return client.request(method, address, headers=signed, **more)

    def client(self) -> httpx.Client:
        trust = ssl.create_default_context(cadata=self.world.authority.certificate.decode())
        return httpx.Client(proxy=self.server.base_url, verify=trust, trust_env=False, timeout=60)

    def run(self, code: str, **values: Any) -> Any:
        """A snippet in the SDK's process: see Sdk.run. It knows `credential` and the names below."""
        known = {
            "tenant": self.world.azure.tenant,
            "client_id": self.builds.client_id,
            "secret": self.secret,
            "subscription": self.world.azure.subscription.id,
        }
        prelude = "from azure.identity import *\ncredential = ClientSecretCredential(tenant, client_id, secret)\n"
        return self.sdk.run(prelude + code, self.environment, **{**known, **values})


@pytest.fixture(scope="session")
def sdk(shared: Path) -> Iterator[Sdk]:
    import environment

    with one_at_a_time(shared / "azureml.lock"):
        python = environment.azureml_python()
    sdk = Sdk(python)
    yield sdk
    sdk.close()


@pytest.fixture
def cloud(sdk: Sdk, tmp_path: Path) -> Iterator[Cloud]:
    with opened(World.open(), sdk, tmp_path) as cloud:
        yield cloud


@contextmanager
def opened(world: World, sdk: Sdk, folder: Path) -> Iterator[Cloud]:
    try:
        with Server(world) as server:
            azure = world.azure
            if azure.workspaces.find("sandbox", "ws") is None:
                azure.workspaces.create("ws")
            builds = azure.directory.register("builds")
            secret = azure.directory.add_secret(builds)
            azure.roles.assign(builds.object_id, "Contributor", azure.subscription.path)
            yield Cloud(world, server, folder, sdk, builds, secret, proxy_environment(world, folder))
    finally:
        world.close()


def tunnel(cloud: Cloud, host: str) -> http.client.HTTPSConnection:
    """A connection through the proxy, not yet made."""
    trust = ssl.create_default_context(cadata=cloud.world.authority.certificate.decode())
    address = cloud.server.base_url.rpartition("//")[2]
    connection = http.client.HTTPSConnection(address, context=trust, timeout=30)
    connection.set_tunnel(host, 443)
    return connection
