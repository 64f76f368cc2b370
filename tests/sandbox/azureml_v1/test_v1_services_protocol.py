"""Services by plain requests: what is refused, what is answered where deploying fails, and who is asked to score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.datastores.state import account_of
from sandbox.azure.services import settings
from sandbox.azure.services.failures import Mishap
from sandbox.azure.services.models import AksEndpoint, Change
from sandbox.world import World
from tests.sandbox.azureml_v1.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml v1 data")
BASE = "modelmanagement/v1.0"
SCRIPT = {"id": "main.py", "url": "aml://artifact/LocalUpload/x/main.py", "mimeType": "application/x-python"}
ENVIRONMENT = {"name": "serve", "docker": {"baseImage": "base"}}
IMAGE = {"driverProgram": "main.py", "assets": [SCRIPT], "modelIds": [], "environment": ENVIRONMENT}


def aci(name: str = "one", **more: Any) -> dict[str, Any]:
    return {"name": name, "computeType": "ACI", "environmentImageRequest": IMAGE, **more}


def aks(name: str = "one", **more: Any) -> dict[str, Any]:
    return {**aci(name), "computeType": "AKS", "computeName": "aks", **more}


def endpoint(versions: dict[str, Any], name: str = "end") -> dict[str, Any]:
    return {"name": name, "computeType": "AKSENDPOINT", "computeName": "aks", "versions": versions}


@pytest.fixture
def stuck(scene: Scene) -> Iterator[Scene]:
    """Nothing that is deployed is ever done: no server is started."""
    scene.azure.services.mishaps.extend([Mishap.STUCK] * 20)
    yield scene
    scene.azure.services.mishaps.clear()


def made(scene: Scene, body: dict[str, Any]) -> dict[str, Any]:
    """The operation of a service that is deployed, once it has ended."""
    answer = scene.ask("POST", f"{BASE}:services", body)
    assert answer.status_code == 202, answer.text
    name = answer.headers["Operation-Location"].rpartition("/")[2]
    found: dict[str, Any] = scene.ask("GET", f"{BASE}:operations/{name}", offset="0").json()
    return found


def service(scene: Scene, name: str = "one") -> dict[str, Any]:
    found: dict[str, Any] = scene.ask("GET", f"{BASE}:services/{name}", expand="true").json()
    return found


@pytest.mark.parametrize(
    ("mishap", "state", "outcome", "step", "code", "says"),
    [
        (Mishap.IMAGE, "Failed", "Failed", "BuildEnvironment", "EnvironmentBuildFailed", "Failed building"),
        (Mishap.CRASH, "Unhealthy", "Failed", "DeployService", "AciDeploymentFailed", "Error in entry script"),
        (Mishap.FILES, "Failed", "Failed", "DeployService", "AciDeploymentFailed", "could not be had"),
        (Mishap.PROBE, "Unhealthy", "TimedOut", "DeployService", "DeploymentTimedOut", "has TimedOut"),
        (Mishap.QUOTA, "Failed", "Failed", "DeployService", "AciDeploymentFailed", "'StandardCores' exceeded"),
    ],
)
def test_a_mishap_has_the_words_of_the_service(
    scene: Scene, mishap: Mishap, state: str, outcome: str, step: str, code: str, says: str
) -> None:
    scene.azure.services.mishaps.append(mishap)

    operation = made(scene, aci())

    told = [operation["state"], operation["operationDetails"]["subOperationType"], operation["error"]["code"]]
    assert told == [outcome, step, code]
    assert says in operation["error"]["message"]
    assert [service(scene)["state"], service(scene)["error"]["code"]] == [state, code]
    assert bool(operation["operationLog"]) == (mishap is Mishap.IMAGE)
    assert "|Registering the environment.#" in operation["streamingOperationLog"]


def test_what_lacks_cores_fails_by_itself(scene: Scene) -> None:
    services = scene.azure.services
    services.quota = 1.0
    try:
        operation = made(scene, aci(containerResourceRequirements={"cpu": 1.5, "memoryInGB": 1}))
    finally:
        services.quota = 100.0
    assert "Limit: '1', Usage: '0' Requested: '1.5'" in operation["error"]["message"]
    compute = {"location": "westeurope", "properties": {"computeType": "AKS"}}
    assert scene.ask("PUT", "computes/aks", compute).status_code == 201
    scene.wait(lambda: scene.ask("GET", "computes/aks").json()["properties"]["provisioningState"] == "Succeeded")
    large = aks("large", containerResourceRequirements={"cpu": 5}, numReplicas=3, overwrite=True)
    found = scene.ask("POST", f"{BASE}:services/validate/resource", large).json()
    operation = made(scene, large)

    assert "Unschedulable: CPU/Memory resource insufficient, 3 replicas" in found["error"]["message"]
    assert operation["error"]["details"][0] == {
        "code": "Unschedulable",
        "message": "0/3 nodes are available: 3 Insufficient cpu.",
    }
    assert service(scene, "large")["state"] == "Unschedulable"


def test_a_model_without_its_file_is_told_of(scene: Scene) -> None:
    store = scene.azure.storage
    store.put(account_of(scene.workspace), "azureml", SCRIPT["url"].removeprefix("aml://artifact/"), b"")
    asset = scene.ask("POST", f"{BASE}:assets", {"name": "m", "artifacts": [{"prefix": "LocalUpload/none/m.pkl"}]})
    model = {"name": "m", "url": f"aml://asset/{asset.json()['id']}", "mimeType": "application/json"}
    assert scene.ask("POST", f"{BASE}:models", model).status_code == 200

    operation = made(scene, aci(environmentImageRequest={**IMAGE, "modelIds": ["m:1"]}))

    assert operation["error"]["details"][0]["code"] == "ModelDownloadFailed"
    assert "LocalUpload/none/m.pkl" in operation["error"]["message"]
    assert service(scene)["state"] == "Failed"


def test_one_that_is_never_done_is_changed_or_deleted_all_the_same(stuck: Scene) -> None:
    answer = stuck.ask("POST", f"{BASE}:services", aci())
    first = answer.headers["Operation-Location"].rpartition("/")[2]
    assert [service(stuck)["state"], service(stuck)["scoringUri"]] == ["Transitioning", None]
    stuck.azure.services.mishaps.appendleft(Mishap.FILES)

    operation = made(stuck, aci(overwrite=True))

    assert operation["state"] == "Failed"
    assert service(stuck)["operationId"] == operation["id"] != first
    deleted = stuck.ask("DELETE", f"{BASE}:services/one")
    assert (deleted.status_code, stuck.ask("GET", f"{BASE}:services/one").status_code) == (202, 404)
    assert stuck.ask("DELETE", f"{BASE}:services/one").status_code == 204


def test_keys_are_given_made_anew_and_kept_from_the_journal(stuck: Scene) -> None:
    stuck.ask("POST", f"{BASE}:services", aci(keys={"primaryKey": "hush-1", "secondaryKey": "hush-2"}))

    before = stuck.ask("POST", f"{BASE}:services/one/listkeys").json()
    changed = [
        stuck.ask("POST", f"{BASE}:services/one/regenerateKeys", body).status_code
        for body in ({"keyType": "Primary", "keyValue": "hush-3"}, {"keyType": "Secondary", "keyValue": None})
    ]
    after = stuck.ask("POST", f"{BASE}:services/one/listkeys").json()

    assert (before, changed) == ({"primaryKey": "hush-1", "secondaryKey": "hush-2"}, [202, 202])
    assert after["primaryKey"] == "hush-3"
    assert after["secondaryKey"] not in ("hush-2", "", None)
    assert not [each for each in stuck.cloud.world.journal.exchanges if "hush" in str(each)]
    answer = stuck.ask("POST", f"{BASE}:services/one/token")
    assert (answer.status_code, answer.json()["code"]) == (400, "TokenAuthNotEnabled")


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "services", aci("Not_One"), (400, "'Not_One' is invalid")),
        ("POST", "services", aci(colour="blue"), (400, "colour")),
        ("POST", "services", aci(location="mars"), (400, "'mars' is not supported")),
        ("POST", "services", aci(containerResourceRequirements={"cpu": 5}), (400, "at most 4 cores")),
        ("POST", "services", aci(sslEnabled=True), (400, "sslCertificate, sslKey and cname")),
        ("POST", "services", aks(), (404, "Compute with name aks not found")),
        ("POST", "services", aks(computeName="cpu"), (400, "it is AmlCompute, Succeeded")),
        ("POST", "services", aks(authEnabled=True, aadAuthEnabled=True), (400, "cannot both be true")),
        ("POST", "services", {**aci(), "computeType": "IOT"}, (400, "computeType")),
        ("POST", "services", aci(environmentImageRequest={**IMAGE, "environment": None}), (400, "has no environment")),
        ("POST", "services", aci(environmentImageRequest={**IMAGE, "driverProgram": "x"}), (400, "none of the assets")),
        ("POST", "services", aci(environmentImageRequest={**IMAGE, "modelIds": ["m:1"]}), (404, "m:1 not found")),
        ("POST", "services", endpoint({}), (400, "at least 1")),
        ("POST", "services", endpoint({f"v{n}-a": aks() for n in range(7)}), (400, "at most 6")),
        ("POST", "services", endpoint({"aaa": aks(), "bbb": aks()}), (400, "One version is the default, not 0")),
        ("PATCH", "services/none", [], (404, "none not found")),
        ("POST", "services/none/listkeys", None, (404, "none not found")),
        ("GET", "operations/none", None, (404, "none not found")),
        ("POST", "packages", {"imageRequest": IMAGE, "packageType": "Zip"}, (400, "packageType")),
        ("POST", "services/none/migrate", {}, (501, "does not play")),
    ],
)
def test_requests_are_taken_to_the_letter(
    scene: Scene, method: str, path: str, body: Any, says: tuple[int, str]
) -> None:
    answer = scene.ask(method, f"{BASE}:{path}", body)

    assert (answer.status_code, says[1] in answer.text) == (says[0], True), answer.text
    if path == "services" and isinstance(body, dict):  # what a client asks before tells the same
        asked = {"type": "Create", "serviceName": body["name"], "createRequest": body, "updateRequest": None}
        judged = scene.ask("POST", f"{BASE}:services/validate", asked)
        assert (judged.status_code, says[1] in judged.json()["error"]["message"]) == (200, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"op": "replace", "path": "/computeName", "value": "other"}, "cannot be changed"),
        ({"op": "replace", "path": "/colour", "value": "blue"}, "colour"),
        ({"op": "remove", "path": "/description"}, "no /description"),
        ({"op": "replace", "path": "/versions/blue/isDefault", "value": True}, "no /versions/blue"),
        ({"op": "move", "path": "/kvTags"}, "'move' is none of"),
        ({"op": "replace", "path": "/authEnabled", "value": "yes"}, "authEnabled"),
    ],
)
def test_a_change_that_cannot_be_is_refused(stuck: Scene, change: dict[str, Any], says: str) -> None:
    stuck.ask("POST", f"{BASE}:services", aci())

    answer = stuck.ask("PATCH", f"{BASE}:services/one", [change])

    assert (answer.status_code, says in answer.json()["message"]) == (400, True), answer.text


def test_what_an_endpoint_leaves_to_nobody_is_its_default_versions() -> None:
    first = {"blue": aks(), "green": {**aks(), "trafficPercentile": 30, "isDefault": True}}
    asked = settings.settled(settings.read(endpoint(first)))
    assert isinstance(asked, AksEndpoint)
    assert settings.traffic(asked) == {"blue": 0, "green": 100}

    changes = [Change(op="replace", path="/versions/blue/trafficPercentile", value=45.5)]
    asked = settings.changed(settings.kept(asked), changes)
    assert isinstance(asked, AksEndpoint)

    assert settings.traffic(asked) == {"blue": 45.5, "green": 54.5}


def test_what_was_being_deployed_when_the_sandbox_ended_has_failed(tmp_path: Path) -> None:
    for state in ("Transitioning", "Unhealthy"):
        world = World.open(tmp_path / "state")
        azure = world.azure
        workspace = azure.workspaces.find("sandbox", "ws") or azure.workspaces.create("ws")
        found = azure.services.find(workspace, "one")
        if found is None:
            azure.services.mishaps.append(Mishap.STUCK)
            azure.services.put(workspace, settings.read(aci()), "who", lambda _: {})
            found = azure.services.find(workspace, "one")
        world.close()
        assert found is not None
        assert found.state == state


def test_nobody_scores_where_there_is_no_service(scene: Scene) -> None:
    with scene.cloud.client() as client:
        answers = [
            client.post(address, json={})
            for address in (
                "http://nobody.westeurope.azurecontainer.io/score",
                "http://203.0.113.200/api/v1/service/one/score",
                "http://203.0.113.200/elsewhere",
            )
        ]

    assert [each.status_code for each in answers] == [404, 404, 404]
    assert "there is no service at http://nobody" in answers[0].text
