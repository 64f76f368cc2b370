"""A sandbox for one test, and programs of the platform's environment that reach it as they would reach Azure."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.server import Server
from sandbox.world import World

GROUP, WORKSPACE = "sandbox", "tests"


@dataclass(frozen=True)
class Azure:
    """python: the interpreter with the SDK. environment: of its programs."""

    world: World
    server: Server
    folder: Path
    python: Path
    environment: dict[str, str]

    @property
    def subscription(self) -> str:
        return self.world.azure.subscription.id

    @property
    def tenant(self) -> str:
        return self.world.azure.directory.home

    def run(self, *arguments: str, stdin: object = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """A program of the platform's environment, to its end. stdin: sent as JSON."""
        return subprocess.run(
            [str(self.python), *arguments],
            input="" if stdin is None else json.dumps(stdin),
            env={**self.environment, **variables},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=200,
        )

    def principal(self, role: str = "Contributor") -> tuple[Any, str]:
        """A new application with that role on the subscription, and a secret of it."""
        application = self.world.azure.directory.register("builds")
        if role:
            self.world.azure.roles.assign(application.object_id, role, f"/subscriptions/{self.subscription}")
        return application, self.world.azure.directory.add_secret(application)

    def endpoint(self, application: Any, scheme: str = "ServicePrincipal", **parameters: str) -> dict[str, Any]:
        """A service connection whose scope is the workspace, as the launcher hands it over."""
        return {
            "id": "11111111-2222-3333-4444-555555555555",
            "url": "https://management.azure.com/",
            "scheme": scheme,
            "parameters": {"tenantid": self.tenant, "serviceprincipalid": application.client_id, **parameters},
            "data": {
                "environment": "AzureCloud",
                "scopeLevel": "AzureMLWorkspace",
                "subscriptionId": self.subscription,
                "resourceGroupName": GROUP,
                "mlWorkspaceName": WORKSPACE,
            },
        }


@contextmanager
def open_azure(folder: Path, python: Path) -> Iterator[Azure]:
    world = World.open()
    world.azure.workspaces.create(WORKSPACE, GROUP)
    try:
        with Server(world) as server:
            authority = folder / "authority.pem"
            authority.write_bytes(world.authority.certificate)
            kept = ("PATH", "HOME", "LANG", "PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "UV_INDEX_URL")
            environment = {name: os.environ[name] for name in kept if name in os.environ}
            environment |= {
                "HTTPS_PROXY": server.base_url,
                "HTTP_PROXY": server.base_url,
                "NO_PROXY": "127.0.0.1,localhost",
                "REQUESTS_CA_BUNDLE": str(authority),
                "SSL_CERT_FILE": str(authority),
            }
            yield Azure(world, server, folder, python, environment)
    finally:
        world.close()
