"""A workspace in which tests submit jobs, by the SDK or by plain requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.azure.assets.state import ENVIRONMENT
from sandbox.azure.cloud import Cloud as Azure
from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import Run
from sandbox.azure.resources import Resource
from tests.sandbox.azure.conftest import Cloud

VERSION = "2025-01-01-preview"
DATA_PLANE = "https://westeurope.api.azureml.ms"
PATIENCE = 90
CLIENT = """
from pathlib import Path
from azure.ai.ml import MLClient, Input, Output, command
from azure.ai.ml.entities import Data, Environment, Model
client = MLClient(credential, subscription, "sandbox", workspace, polling_interval=0.3, show_progress=False)
plain = Environment(name="plain", version="1", image="mcr.microsoft.com/azureml/base")
"""


@dataclass
class Scene:
    cloud: Cloud
    workspace: Resource

    @property
    def azure(self) -> Azure:
        return self.cloud.world.azure

    def run(self, code: str, **values: Any) -> Any:
        """A snippet in the SDK's process; it knows `client`, and `plain`, an environment without packages."""
        return self.cloud.run(CLIENT + code, workspace=self.workspace.name, **values)

    def ask(self, method: str, path: str, body: Any = None, version: str = VERSION, **query: str) -> httpx.Response:
        """One request about the workspace. path: below it, or below it in the data plane: `history/v1.0:runs/…`."""
        service, colon, below = path.partition(":") if ":" in path else ("", "", path)
        base = f"{DATA_PLANE}/{service}{self.workspace.id}" if colon else self.workspace.id
        params = query if colon else {"api-version": version, **query}
        more = {} if body is None else {"json": body}
        return self.cloud.ask(method, f"{base}/{below}" if below else base, params=params, **more)

    def environment(self, *lines: str) -> str:
        """The id of one with these pip requirements."""
        properties: dict[str, Any] = {"image": "mcr.microsoft.com/azureml/base", "isArchived": False}
        if lines:
            properties["condaFile"] = f"dependencies: [python=3.11, pip, {{pip: {list(lines)}}}]"
        name = f"made{len(self.azure.assets.containers(self.workspace, ENVIRONMENT))}"
        return self.azure.assets.put(self.workspace, ENVIRONMENT, name, "1", properties).id

    def body(self, command: str, **properties: Any) -> dict[str, Any]:
        """Of a request that submits a job."""
        asked = {
            "jobType": "Command",
            "command": command,
            "environmentId": properties.pop("environment", None) or self.environment(),
            "computeId": f"{self.workspace.id}/computes/cpu",
            **properties,
        }
        return {"properties": asked}

    def submit(self, name: str, command: str, **properties: Any) -> None:
        answer = self.ask("PUT", f"jobs/{name}", self.body(command, **properties))
        assert answer.status_code == 201, answer.text

    def run_of(self, name: str) -> Run:
        found = self.azure.runs.find(self.workspace, name)
        assert found is not None
        return found

    def ended(self, name: str) -> Run:
        """The run of a job, once it has ended."""
        self.wait(lambda: self.run_of(name).has_ended)
        return self.run_of(name)

    def wait(self, until: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < end, "nothing came of it"
            time.sleep(0.02)

    def running(self, name: str, log: str = "") -> None:
        """Wait until a job runs, and has written so."""
        self.wait(lambda: self.run_of(name).status == "Running" and log in self.file(name, "user_logs/std_log.txt"))

    def file(self, job: str, path: str) -> str:
        """One of a run's files; empty where there is none."""
        folder = self.run_of(job).folder
        data = self.azure.storage.get(account_of(self.workspace), "azureml", f"{folder}/{path}")
        return (data or b"").decode()
