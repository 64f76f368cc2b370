"""Online endpoints by the SDK v2, managed and on Kubernetes, with deployments that really serve."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.azureml.cloud import Azure, open_azure
from tests.azureml.places import Place, RefusedError, place

pytestmark = pytest.mark.xdist_group("azureml-endpoints")

ENDPOINTS = "amltasks.platforms.azureml.v2.endpoints:EndpointsV2"
REGISTRY = "amltasks.platforms.azureml.v2.registry:RegistryV2"
SCORE = """
import json, os, pathlib
def init():
    global weights
    weights = pathlib.Path(os.environ["AZUREML_MODEL_DIR"], "weights.txt").read_text()
def run(data):
    return {"weights": weights, "by": os.environ["WHO"]}
"""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory, azureml_python: Path) -> Iterator[Azure]:
    with open_azure(tmp_path_factory.mktemp("azure"), azureml_python) as opened:
        yield opened


@pytest.fixture(scope="module")
def managed(azure: Azure) -> Iterator[Place]:
    with place(azure, ENDPOINTS, "managed") as opened:
        yield opened


@pytest.fixture(scope="module")
def model(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("model") / "weights.txt"
    file.write_text("0.5")
    with place(azure, REGISTRY) as registry:
        return registry("register", model={"name": "m", "path": file, "key": "1"})


@pytest.fixture(scope="module")
def deployment(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    def spec(name: str, script: str = SCORE, **more: Any) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("code")
        (folder / "score.py").write_text(script)
        return {
            "name": name, "models": [model], "code": folder, "script": "score.py", "variables": {"WHO": name},
            **more,
        }  # fmt: skip

    return spec


@pytest.fixture(scope="module")
def served(managed: Place, deployment: Callable[..., dict[str, Any]]) -> str:
    """An endpoint whose requests go to blue, and none to green."""
    managed("ensure", spec={"name": "served", "tags": {"team": "red"}, "description": "of a test"})
    for name in ("blue", "green"):
        deployed = managed("deploy", endpoint="served", spec=deployment(name))
        assert (deployed["cause"], deployed["deployment"]["state"]) == (None, "ready"), deployed
    managed("route", endpoint="served", traffic={"blue": 100})
    return "served"


class Client:
    """Asks an endpoint as its users do."""

    def __init__(self, azure: Azure, access: dict[str, Any]) -> None:
        self._access = access
        self._http = httpx.Client(
            proxy=azure.environment["HTTPS_PROXY"],
            verify=ssl.create_default_context(cafile=azure.environment["REQUESTS_CA_BUNDLE"]),
            timeout=30,
        )

    def ask(self, deployment: str = "") -> httpx.Response:
        headers = dict(self._access["headers"])
        if deployment:
            headers[self._access["deploymentHeader"]] = deployment
        return self._http.post(self._access["address"], json={"data": [1]}, headers=headers)

    def close(self) -> None:
        self._http.close()


@contextmanager
def calling(client: Client) -> Iterator[list[int]]:
    """Statuses of what is asked all the time."""
    statuses: list[int] = []
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            statuses.append(client.ask().status_code)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield statuses
    finally:
        over.set()
        thread.join()


@pytest.fixture
def client(azure: Azure, managed: Place, served: str) -> Iterator[Client]:
    opened = Client(azure, managed("access", endpoint=served))
    yield opened
    opened.close()


def test_an_endpoint_tells_of_itself(managed: Place, served: str, client: Client, model: Any) -> None:
    found = managed("find", name=served)

    assert (found["state"], found["auth"], found["several"], found["tags"]) == ("ready", "key", True, {"team": "red"})
    told = {each["name"]: (each["state"], each["models"], each["traffic"]) for each in found["deployments"]}
    assert told == {"blue": ("ready", ["m:1"], 100), "green": ("ready", ["m:1"], 0)}
    assert json.loads(client.ask().text) == {"weights": "0.5", "by": "blue"}
    assert json.loads(client.ask("green").text)["by"] == "green"
    assert found["address"].endswith("/score")
    assert managed("find", name="nobody") is None


def test_nobody_who_calls_sees_a_failure_while_shares_and_deployments_change(
    managed: Place, served: str, client: Client, deployment: Callable[..., dict[str, Any]]
) -> None:
    """Ready deployments are changed beside what serves, and shares move as a whole."""
    with calling(client) as statuses:
        managed("route", endpoint=served, traffic={"blue": 90, "green": 10})
        managed("route", endpoint=served, traffic={"blue": 0, "green": 100})
        other = deployment("blue", SCORE.replace("weights, ", "'new', "))
        assert managed("deploy", endpoint=served, spec=other)["cause"] is None
        managed("route", endpoint=served, traffic={"blue": 100})

    assert len(statuses) > 5
    assert set(statuses) == {200}
    assert json.loads(client.ask().text) == {"weights": "new", "by": "blue"}
    assert managed("find", name=served)["tags"] == {"team": "red"}


def test_tags_come_and_go_and_shares_stay(managed: Place, served: str) -> None:
    managed("tag", endpoint=served, tags={"amltasks.rollout": "x", "team": ""})
    managed("ensure", spec={"name": served, "tags": {"build": "7"}})

    found = managed("find", name=served)
    assert found["tags"] == {"amltasks.rollout": "x", "build": "7"}
    assert [each["traffic"] for each in found["deployments"]] == [100, 0]
    managed("tag", endpoint=served, tags={"amltasks.rollout": "", "build": "", "team": "red"})


def test_requests_are_copied_to_a_deployment_that_answers_nobody(managed: Place, served: str, client: Client) -> None:
    managed("route", endpoint=served, traffic={"blue": 100}, mirror={"green": 50})
    found = managed("find", name=served)
    answers = {json.loads(client.ask().text)["by"] for _ in range(4)}
    managed("route", endpoint=served, traffic={"blue": 100})

    assert [(each["traffic"], each["mirror"]) for each in found["deployments"]] == [(100, 0), (0, 50)]
    assert answers == {"blue"}
    assert [each["mirror"] for each in managed("find", name=served)["deployments"]] == [0, 0]


def test_a_deployment_with_requests_is_not_deleted(managed: Place, served: str) -> None:
    with pytest.raises(RefusedError, match=r"The deployment blue of served has 100 % of the requests\."):
        managed("delete_deployment", endpoint=served, deployment="blue")
    managed("delete_deployment", endpoint=served, deployment="nobody")


def test_the_log_is_the_containers(managed: Place, served: str, client: Client) -> None:
    client.ask()

    assert "200" in managed("log", endpoint=served, deployment="blue")
