"""Online endpoints for tests: a scoring script that does what a request asks for, deployed by plain requests."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.azure.assets.state import CODE, ENVIRONMENT, MODEL
from sandbox.azure.datastores.state import account_of
from sandbox.azure.onlineendpoints.state import OnlineEndpoints
from sandbox.azure.resources import Resource
from tests.sandbox.azureml.scene import Scene

VERSION = "2023-04-01-preview"
INFERENCE = "mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference:latest"
SCORE = """
import json
import os
import signal
import time

def init():
    global weights
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "weights.txt")) as file:
        weights = file.read()

def run(data):
    asked = json.loads(data)
    time.sleep(asked.get("sleep", 0))
    if "raise" in asked:
        raise ValueError(asked["raise"])
    if "die" in asked:
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)
    return {"by": os.environ["WHO"], "weights": weights, "server": os.getppid()}
"""


@dataclass
class Stage:
    """One endpoint of a workspace, whose deployments take turns in the tests."""

    scene: Scene
    name: str
    more: dict[str, Any] = field(default_factory=dict)  # properties of the endpoint

    @property
    def endpoints(self) -> OnlineEndpoints:
        return self.scene.azure.onlineendpoints

    @property
    def resource(self) -> Resource:
        found = self.endpoints.find(self.scene.workspace, self.name)
        assert found is not None
        return found

    def body(self, **properties: Any) -> dict[str, Any]:
        return {"location": "westeurope", "properties": {"authMode": "Key", **self.more, **properties}}

    def put(self, **properties: Any) -> httpx.Response:
        """Make or change the endpoint; returns when that is over."""
        answer = self.ask("PUT", "", self.body(**properties))
        self.scene.wait(lambda: self.resource.properties["provisioningState"] not in ("Creating", "Updating"))
        return answer

    def ask(self, method: str, below: str, body: Any = None, **query: str) -> httpx.Response:
        path = f"onlineEndpoints/{self.name}/{below}".rstrip("/")
        return self.scene.ask(method, path, body, VERSION, **query)

    def deployment(self, name: str, **properties: Any) -> dict[str, Any]:
        """A body. properties: those of it that matter, `capacity` among them."""
        capacity = properties.pop("capacity", 1)
        kind = "Kubernetes" if self.more.get("compute") else "Managed"
        size = {"instanceType": "Standard_DS2_v2"} if kind == "Managed" else {}
        asked = {
            "endpointComputeType": kind,
            "environmentId": self.environment(INFERENCE),
            "codeConfiguration": {"codeId": self.code(SCORE), "scoringScript": "score.py"},
            "model": self.model("first"),
            "environmentVariables": {"WHO": name},
            "requestSettings": {"requestTimeout": "PT60S"},  # five seconds else, which a busy machine may need
            **size,
            **properties,
        }
        return {"location": "westeurope", "sku": {"name": "Default", "capacity": capacity}, "properties": asked}

    def deploy(self, name: str, **properties: Any) -> Resource:
        """The deployment, when its making is over, however it went."""
        answer = self.ask("PUT", f"deployments/{name}", self.deployment(name, **properties))
        assert answer.status_code in (200, 201), answer.text
        return self.over(name)

    def over(self, name: str) -> Resource:
        self.scene.wait(lambda: self.of(name).properties["provisioningState"] in ("Succeeded", "Failed"))
        return self.of(name)

    def of(self, name: str) -> Resource:
        found = self.endpoints.deployment(self.resource, name)
        assert found is not None
        return found

    def failure(self, answer: httpx.Response) -> tuple[str, str]:
        """Code and message of the operation that an answer tells of."""
        with self.scene.cloud.client() as client:
            for _ in range(600):
                told = client.get(
                    answer.headers["azure-asyncoperation"],
                    headers={"Authorization": f"Bearer {self.scene.cloud.token()}"},
                ).json()
                if told["status"] != "InProgress":
                    return told["error"]["code"], told["error"]["message"]
                time.sleep(0.1)
        raise AssertionError("the operation does not end")

    @property
    def key(self) -> str:
        return self.endpoints.keys.of(self.resource).primary

    def score(self, body: Any = None, key: str | None = None, **headers: str) -> httpx.Response:
        """One request to the model; names of headers with `_` for `-`."""
        with self.scene.cloud.client() as client:
            return client.post(
                self.resource.properties["scoringUri"],
                json=body or {},
                headers={
                    "Authorization": f"Bearer {self.key if key is None else key}",
                    **{name.replace("_", "-"): text for name, text in headers.items()},
                },
            )

    def code(self, text: str) -> str:
        """The id of code with this score.py."""
        workspace, azure = self.scene.workspace, self.scene.azure
        name = f"code-{abs(hash(text))}"
        if azure.assets.version(workspace, CODE, name, "1") is None:
            address = self._put(f"{name}/score.py", text).rpartition("/")[0]
            azure.assets.put(workspace, CODE, name, "1", {"codeUri": address, "properties": {}})
        return f"{workspace.id}/codes/{name}/versions/1"

    def model(self, weights: str) -> str:
        """The id of a model with a folder `model`."""
        workspace, azure = self.scene.workspace, self.scene.azure
        if azure.assets.version(workspace, MODEL, weights, "1") is None:
            address = self._put(f"models/{weights}/model/weights.txt", weights).rpartition("/")[0]
            properties = {"modelUri": address, "modelType": "custom_model", "flavors": {}, "tags": {}, "properties": {}}
            azure.assets.put(workspace, MODEL, weights, "1", properties)
        return f"{workspace.id}/models/{weights}/versions/1"

    def lost_model(self) -> str:
        """The id of one whose files are gone."""
        workspace, azure = self.scene.workspace, self.scene.azure
        kept = azure.assets.by_id(self.model("first"))
        assert kept is not None
        if azure.assets.version(workspace, MODEL, "lost", "1") is None:
            lost = {**kept.properties, "modelUri": str(kept.properties["modelUri"]).replace("first", "lost")}
            azure.assets.put(workspace, MODEL, "lost", "1", lost)
        return f"{workspace.id}/models/lost/versions/1"

    def environment(self, image: str, *lines: str) -> str:
        workspace, azure = self.scene.workspace, self.scene.azure
        name = f"environment-{abs(hash((image, lines)))}"
        properties: dict[str, Any] = {"image": image, "isArchived": False}
        if lines:
            properties["condaFile"] = f"dependencies: [python=3.11, pip, {{pip: {list(lines)}}}]"
        if azure.assets.version(workspace, ENVIRONMENT, name, "1") is None:
            azure.assets.put(workspace, ENVIRONMENT, name, "1", properties)
        return f"{workspace.id}/environments/{name}/versions/1"

    def _put(self, blob: str, text: str) -> str:
        """The address of a new blob in the workspace's own container."""
        workspace, storage = self.scene.workspace, self.scene.azure.storage
        account, container = account_of(workspace), f"azureml-blobstore-{workspace.properties['workspaceId']}"
        storage.put(account, container, blob, text.encode())
        return storage.address(account, container, blob)
