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

from tests.azureml.cloud import GROUP, Azure
from tests.azureml.places import Place, Places, RefusedError

pytestmark = pytest.mark.xdist_group("azureml-places")

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
def azure(places: Places) -> Azure:
    return places.azure


@pytest.fixture(scope="module")
def managed(places: Places) -> Place:
    return places.open(ENDPOINTS, "managed")


@pytest.fixture(scope="module")
def model(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("model") / "weights.txt"
    file.write_text("0.5")
    return places.open(REGISTRY)("register", model={"name": "m", "path": file, "key": "1"})


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


@pytest.mark.parametrize(
    ("script", "cause", "words"),
    [
        ("def init():\n    raise ValueError('no weights')\ndef run(data): ...\n", "init", "ValueError: no weights"),
        ("import nothing_of_that_name\n", "init", "No module named 'nothing_of_that_name'"),
        (SCORE.replace("weights.txt", "model.pkl"), "missingModel", "model.pkl"),
    ],
)
def test_why_a_script_does_not_start_is_told_with_its_log(
    managed: Place, served: str, deployment: Callable[..., dict[str, Any]], script: str, cause: str, words: str
) -> None:
    """And the next one of that name is made anew."""
    failed = managed("deploy", endpoint=served, spec=deployment("red", script))

    assert (failed["cause"], failed["deployment"]["state"]) == (cause, "failed"), failed
    assert words in failed["reason"]
    assert words in failed["log"]
    assert any("UserContainerStart: Failed" in event for event in failed["events"]), failed["events"]

    if cause == "missingModel":
        assert managed("deploy", endpoint=served, spec=deployment("red"))["cause"] is None
        assert "The deployment red was left half made: it is made anew." in managed.told
        managed("delete_deployment", endpoint=served, deployment="red")
    assert managed("find", name=served)["deployments"][0]["traffic"] == 100


def test_why_an_image_is_not_built_is_told_with_pips_words(
    managed: Place, served: str, deployment: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    conda = tmp_path / "conda.yml"
    pip = ["./nothing-of-that-name.whl", "azureml-inference-server-http"]
    conda.write_text(json.dumps({"name": "n", "dependencies": ["python=3.11", "pip", {"pip": pip}]}))
    failed = managed("deploy", endpoint=served, spec=deployment("red", environment={"conda": conda}))
    managed("delete_deployment", endpoint=served, deployment="red")

    assert failed["cause"] == "imageBuild"
    assert failed["reason"].startswith("Its image could not be built: ")
    assert "nothing-of-that-name" in failed["reason"]
    assert "pip install" in failed["log"]


def test_what_azure_has_no_room_for_is_told_and_nothing_is_left(
    azure: Azure, managed: Place, served: str, deployment: Callable[..., dict[str, Any]]
) -> None:
    asked = deployment("huge", resources={"instanceType": "Standard_DS4_v2", "replicas": 50})
    failed = managed("deploy", endpoint=served, spec=asked)

    assert failed["cause"] == "quota"
    assert "Not enough quota available for Standard_DS4_v2" in failed["reason"]
    assert {each["name"] for each in managed("find", name=served)["deployments"]} == {"blue", "green"}


def test_what_is_never_done_is_not_waited_for_without_end(
    places: Places, served: str, deployment: Callable[..., dict[str, Any]]
) -> None:
    places.azure.world.azure.onlineendpoints.provisioning.deployments.hang = 1
    hasty = places.open(ENDPOINTS, "managed", 1)
    late = hasty("deploy", endpoint=served, spec=deployment("late"))
    with pytest.raises(RefusedError, match="late: what was begun earlier has not ended"):
        hasty("deploy", endpoint=served, spec=deployment("late"))

    hasty("delete_deployment", endpoint=served, deployment="late")

    assert "late" not in {each["name"] for each in hasty("find", name=served)["deployments"]}
    assert (late["cause"], late["deployment"]["state"]) == ("timeout", "failed")
    assert "longer than" in late["reason"]


def test_an_endpoint_that_was_left_failed_is_made_anew(azure: Azure, managed: Place) -> None:
    faults = azure.world.azure.onlineendpoints.provisioning.endpoints
    faults.failures.append(("InternalServerError", "Something went wrong."))

    with pytest.raises(RefusedError, match="Something went wrong"):
        managed("ensure", spec={"name": "unlucky"})
    assert managed("ensure", spec={"name": "unlucky"})["state"] == "ready"
    assert managed.told[0] == "The endpoint unlucky was left half made: it is made anew."
    managed("delete", endpoint="unlucky")
    managed("delete", endpoint="unlucky")
    assert managed("find", name="unlucky") is None


def test_what_cannot_be_is_refused_before_it_costs_time(
    managed: Place, served: str, deployment: Callable[..., dict[str, Any]]
) -> None:
    """What can be, but otherwise, is named."""
    spec = deployment("blue", resources={"cpu": 6, "memory": 1 << 33, "autoscale": {"minimum": 2, "maximum": 5}})
    endpoint = {"name": "other", "auth": "none", "location": "eastus", "settings": {"sslEnabled": "true"}}

    assert [each.partition(":")[0] for each in managed("check", endpoint=endpoint, deployment=spec)] == [
        "auth", "location", "sslEnabled", "cpu, memory", "autoscale",
    ]  # fmt: skip
    assert managed("check", endpoint={"name": "other"}, deployment=deployment("blue")) == []
    with pytest.raises(RefusedError, match="endpoint: 'ab' is no name that Azure ML takes"):
        managed("check", endpoint={"name": "ab"}, deployment=deployment("blue"))
    with pytest.raises(RefusedError, match="no size of machine is known that has so much"):
        managed("check", endpoint={"name": "other"}, deployment=deployment("blue", resources={"cpu": 500}))
    with pytest.raises(RefusedError, match="auth: the endpoint served has key, which cannot be changed to token"):
        managed("ensure", spec={"name": served, "auth": "token"})


@pytest.mark.long
def test_on_kubernetes_it_is_the_same_but_for_machines(
    places: Places, azure: Azure, deployment: Callable[..., dict[str, Any]]
) -> None:
    endpoints = places.open(ENDPOINTS, "kubernetes")
    with pytest.raises(RefusedError, match=r"compute: 'cpu' is no Kubernetes cluster of tests\."):
        endpoints("check", endpoint={"name": "far", "compute": "cpu"}, deployment=deployment("blue"))
    attach(azure, "aks")
    spec = {"name": "far", "compute": "aks", "auth": "token"}
    resources = {"cpu": 0.5, "memory": 1 << 29, "autoscale": {"minimum": 2, "maximum": 3, "refresh": 5}}
    asked = deployment("blue", resources=resources, requests={"timeout": 20, "concurrent": 2})
    assert endpoints("check", endpoint=spec, deployment=asked) == []
    endpoints("ensure", spec=spec)
    deployed = endpoints("deploy", endpoint="far", spec=asked)
    assert deployed["cause"] is None, deployed
    endpoints("route", endpoint="far", traffic={"blue": 100})
    client = Client(azure, endpoints("access", endpoint="far"))
    assert json.loads(client.ask().text)["by"] == "blue"
    client.close()
    assert endpoints("find", name="far")["auth"] == "token"
    endpoints("delete", endpoint="far")


def attach(azure: Azure, name: str) -> None:
    """A cluster of Kubernetes."""
    world = azure.world.azure
    (workspace,) = world.workspaces.all()
    properties = {
        "computeType": "Kubernetes",
        "resourceId": f"{world.subscription.path}/resourceGroups/{GROUP}"
        f"/providers/Microsoft.ContainerService/managedClusters/{name}",
        "properties": {"namespace": "default"},
    }
    path = f"{workspace.id}/computes/{name}"
    world.computes.put(path, properties, {"location": world.location, "tags": {}}, state="Succeeded")
