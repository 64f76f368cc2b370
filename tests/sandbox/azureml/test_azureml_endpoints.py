"""Online endpoints: made and asked by the real SDK; their deployments answer as real processes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.onlineendpoints.failures import of_start
from sandbox.azure.serving.spec import Cause, StartFailedError
from sandbox.faults import Fault
from tests.sandbox.azure.conftest import Cloud
from tests.sandbox.azure.sdk import RefusedError
from tests.sandbox.azureml.conftest import new_workspace
from tests.sandbox.azureml.scene import Scene
from tests.sandbox.azureml.stage import INFERENCE, SCORE, Stage

pytestmark = pytest.mark.xdist_group("azureml endpoints")
REFUSED = "InferencingClientCallFailed"


@pytest.fixture(scope="module")
def own(cloud: Cloud) -> Iterator[Scene]:
    """One workspace for all of these tests."""
    with new_workspace(cloud) as workspace:
        yield Scene(cloud, workspace)


@pytest.fixture(scope="module")
def both(own: Scene) -> Stage:
    """An endpoint with the deployments blue and green, which are not changed."""
    stage = Stage(own, "both-colours")
    stage.put()
    bodies = {name: stage.deployment(name, capacity=3) for name in ("blue", "green")}
    for name, body in bodies.items():
        assert stage.ask("PUT", f"deployments/{name}", body).status_code == 201
    for name in bodies:
        assert stage.over(name).properties["provisioningState"] == "Succeeded"
    return stage


@pytest.fixture
def empty(own: Scene) -> Iterator[Stage]:
    """An endpoint without deployments, gone afterwards."""
    stage = Stage(own, "short-lived")
    stage.put()
    yield stage
    if own.azure.onlineendpoints.find(own.workspace, stage.name):
        stage.ask("DELETE", "")
        own.wait(lambda: own.azure.onlineendpoints.find(own.workspace, stage.name) is None)


class TestTheSdk:
    @pytest.mark.long
    def test_makes_an_endpoint_deploys_gives_traffic_asks_and_deletes(self, own: Scene, tmp_path: Path) -> None:
        for folder, file, text in (("code", "score.py", SCORE), ("model", "weights.txt", "trained")):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / file).write_text(text)
        (tmp_path / "request.json").write_text("{}")

        found = own.run(
            """
from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment, ManagedOnlineEndpoint
endpoints, deployments = client.online_endpoints, client.online_deployments
made = endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="by-sdk", auth_mode="key", tags={"a": "1"})).result()
deployed = deployments.begin_create_or_update(ManagedOnlineDeployment(
    name="blue", endpoint_name="by-sdk", model=Model(name="sdk-model", path=folder + "/model"),
    environment=Environment(name="inference", image=image),
    code_configuration=CodeConfiguration(code=folder + "/code", scoring_script="score.py"),
    environment_variables={"WHO": "the SDK"}, instance_type="Standard_DS3_v2", instance_count=1,
)).result()
made.traffic = {"blue": 100}
endpoints.begin_create_or_update(made).result()
again = endpoints.get("by-sdk")
answer = endpoints.invoke("by-sdk", request_file=folder + "/request.json")
before = endpoints.get_keys("by-sdk")
endpoints.begin_regenerate_keys("by-sdk", key_type="secondary").result()
after = endpoints.get_keys("by-sdk")
deployed.instance_count = 2
scaled = deployments.begin_create_or_update(deployed).result()
logs = [deployments.get_logs("blue", "by-sdk", lines=3),
        deployments.get_logs("blue", "by-sdk", lines=9, container_type="storage-initializer")]
names = [each.name for each in deployments.list("by-sdk")]
endpoints.begin_delete("by-sdk").result()
result = {
    "states": [made.provisioning_state, deployed.provisioning_state, again.provisioning_state],
    "traffic": again.traffic, "tags": again.tags, "uri": again.scoring_uri, "openapi": again.openapi_uri,
    "answer": answer, "instances": scaled.instance_count, "logs": logs, "names": names,
    "keys": [before.primary_key == after.primary_key, before.secondary_key == after.secondary_key],
    "left": [each.name for each in endpoints.list()],
}
""",
            folder=str(tmp_path),
            image=INFERENCE,
        )

        assert found["states"] == ["Succeeded"] * 3
        assert (found["traffic"], found["tags"], found["names"]) == ({"blue": 100}, {"a": "1"}, ["blue"])
        assert found["uri"] == "https://by-sdk.westeurope.inference.ml.azure.com/score"
        assert found["openapi"] == "https://by-sdk.westeurope.inference.ml.azure.com/swagger.json"
        assert '"by": "the SDK", "weights": "trained"' in found["answer"]
        assert (found["keys"], found["instances"]) == ([True, False], 2)
        assert "POST /score 200" in found["logs"][0]
        assert "Downloading model" in found["logs"][1]
        assert "by-sdk" not in found["left"]
        assert not own.azure.serving.serves(f"{own.workspace.id}/onlineEndpoints/by-sdk/deployments/blue".lower())

    @pytest.mark.long
    def test_is_told_why_a_deployment_failed_and_may_repair_it(self, empty: Stage) -> None:
        code = empty.code(f"{SCORE}\ndef init(): raise RuntimeError('no such weights')\n")
        deploy = """
from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment
def deploy(script):
    return client.online_deployments.begin_create_or_update(ManagedOnlineDeployment(
        name="blue", endpoint_name=endpoint, model=model, environment=image,
        code_configuration=CodeConfiguration(code=script, scoring_script="score.py"),
        environment_variables={"WHO": "me"}, instance_type="Standard_DS3_v2", instance_count=1,
    )).result()
result = deploy(script).provisioning_state
"""
        names = {"model": empty.model("first"), "image": empty.environment(INFERENCE), "endpoint": empty.name}

        with pytest.raises(RefusedError, match="User container has crashed or terminated") as refused:
            empty.scene.run(deploy, script=code, **names)

        assert refused.value.code == "ResourceNotReady"
        assert empty.of("blue").properties["provisioningState"] == "Failed"
        log = empty.ask("POST", "deployments/blue/getLogs", {"tail": 60}).json()["content"]
        assert "RuntimeError: no such weights" in log
        assert empty.scene.run(deploy, script=empty.code(SCORE), **names) == "Succeeded"
        assert empty.score(azureml_model_deployment="blue").json()["by"] == "me"


class TestTraffic:
    def test_shares_are_exact_and_a_header_names_a_deployment(self, both: Stage) -> None:
        both.put(traffic={"blue": 75, "green": 25})

        answers = [both.score() for _ in range(20)]

        assert Counter(each.json()["by"] for each in answers) == {"blue": 15, "green": 5}
        assert {each.headers["azureml-model-deployment"] for each in answers} == {"blue", "green"}
        assert [both.score(azureml_model_deployment=name).json()["by"] for name in ("green", "blue")] == [
            "green",
            "blue",
        ]

    def test_is_mirrored_in_the_background(self, both: Stage) -> None:
        both.put(traffic={"blue": 100}, mirrorTraffic={"green": 50})

        def copied() -> int:
            log = both.ask("POST", "deployments/green/getLogs", {"tail": 9999}).json()["content"]
            return int(log.count("POST /score 200"))

        before = copied()
        answers = [both.score() for _ in range(8)]

        assert {each.json()["by"] for each in answers} == {"blue"}
        both.scene.wait(lambda: copied() == before + 4)

    def test_a_client_that_keeps_calling_sees_no_failure_while_all_changes(self, both: Stage) -> None:
        both.deploy("third", environmentVariables={"WHO": "old"}, capacity=9)
        both.put(traffic={"third": 100})
        done, answers = threading.Event(), []

        def call() -> None:
            while not done.is_set():
                answers.append(both.score({"sleep": 0.02}))

        with ThreadPoolExecutor(2) as clients:
            calling = [clients.submit(call) for _ in range(2)]
            try:
                for share in (50, 0, 100):
                    both.put(traffic={"third": share, "blue": 100 - share} if share else {"blue": 100})
                both.deploy("third", environmentVariables={"WHO": "new"}, capacity=9)
                both.scene.wait(lambda: answers[-1].status_code != 200 or answers[-1].json()["by"] == "new")
                both.put(traffic={"blue": 100})
                assert both.ask("DELETE", "deployments/third").status_code == 202
                both.scene.wait(lambda: both.endpoints.deployment(both.resource, "third") is None)
            finally:
                done.set()
        assert [each.result() for each in calling] == [None, None]

        assert Counter(each.status_code for each in answers) == {200: len(answers)}
        assert {each.json()["by"] for each in answers} == {"old", "blue", "new"}


class TestAsking:
    def test_needs_one_of_the_keys(self, both: Stage) -> None:
        both.put(traffic={"blue": 100})
        keys = both.ask("POST", "listKeys").json()

        statuses = [both.score(key=key).status_code for key in (keys["primaryKey"], keys["secondaryKey"], "other")]

        assert statuses == [200, 200, 401]
        told = "".join(each.model_dump_json() for each in both.scene.cloud.world.journal.exchanges)
        assert keys["primaryKey"] not in told

    def test_a_request_may_meet_a_fault(self, both: Stage) -> None:
        both.put(traffic={"blue": 100})
        faults = both.scene.cloud.world.faults
        faults.add(Fault(host=f"{both.name}.*.inference.ml.azure.com", nth=2, status=503))
        try:
            statuses = [both.score().status_code for _ in range(3)]
        finally:
            faults.clear()

        assert statuses == [200, 503, 200]

    def test_the_server_is_healthy_and_describes_itself(self, both: Stage) -> None:
        both.put(traffic={"blue": 100})
        headers = {"Authorization": f"Bearer {both.key}"}

        with both.scene.cloud.client() as client:
            base = both.resource.properties["scoringUri"].removesuffix("/score")
            health, described = (client.get(f"{base}{path}", headers=headers) for path in ("/", "/swagger.json"))

        assert (health.status_code, health.text) == (200, "Healthy")
        assert described.json()["swagger"] == "2.0"

    def test_nobody_answers_without_traffic(self, both: Stage) -> None:
        both.put(traffic={})

        answer = both.score()

        assert answer.status_code == 404
        assert "No valid deployments to route to" in answer.text
        assert both.score(azureml_model_deployment="purple").status_code == 404

    def test_what_the_model_fails_by_is_told(self, both: Stage) -> None:
        both.put(traffic={"blue": 100})

        answer = both.score({"raise": "nonsense"})

        assert answer.status_code == 424
        assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
        assert answer.headers["ms-azureml-model-error-reason"] == "model_error"

    def test_a_server_that_dies_is_started_again(self, both: Stage) -> None:
        both.put(traffic={"green": 100})
        before = both.score().json()["server"]

        assert both.score({"die": 1}).status_code == 424

        both.scene.wait(lambda: both.score().status_code == 200)
        assert both.score().json()["server"] != before
        log = both.ask("POST", "deployments/green/getLogs", {}).json()["content"]
        assert "Container restarts: 1\n" in log

    def test_a_slow_model_is_given_up(self, both: Stage) -> None:
        both.deploy("green", requestSettings={"requestTimeout": "PT0.2S"})

        answer = both.score({"sleep": 1}, azureml_model_deployment="green")

        both.deploy("green", capacity=3)
        assert answer.status_code == 408

    def test_of_many_requests_at_once_only_so_many_are_let_in(self, both: Stage) -> None:
        both.deploy("green", capacity=1)

        with ThreadPoolExecutor(6) as clients:
            asked = [clients.submit(both.score, {"sleep": 0.7}, azureml_model_deployment="green") for _ in range(6)]
            statuses = {each.result().status_code for each in asked}

        both.deploy("green", capacity=3)
        assert statuses == {200, 429}

    @pytest.mark.parametrize(("mode", "kind"), [("AMLToken", "token"), ("AADToken", "Unauthorized")])
    def test_an_endpoint_may_want_tokens(self, empty: Stage, mode: str, kind: str) -> None:
        stage = Stage(empty.scene, f"wants-{mode.lower()}", {"authMode": mode})
        stage.put()
        token = (
            stage.ask("POST", "token").json()["accessToken"]
            if mode == "AMLToken"
            else stage.scene.cloud.token("https://ml.azure.com")
        )

        good, bad = stage.score(key=token), stage.score(key=stage.scene.cloud.token())

        assert "No valid deployments" in good.text
        assert (bad.status_code, kind in bad.text) == (401, True)
        assert stage.ask("POST", "listKeys").status_code == 400


class TestFailures:
    @pytest.mark.parametrize(
        ("what", "code", "says"),
        [
            ("image without a server", "ResourceNotReady", "crashed or terminated"),
            (
                "package that is nowhere",
                "ImageBuildFailure",
                "under the path '/azureml/ImageLogs/short-lived-blue/build.log'",
            ),
            ("model that is gone", "BadArgument", "Unable to download user model"),
            ("init without end", "ResourceNotReady", "readiness probe"),
        ],
    )
    def test_each_cause_has_its_code(self, empty: Stage, what: str, code: str, says: str) -> None:
        body = empty.deployment("blue")
        asked = body["properties"]
        asked["readinessProbe"] = {"initialDelay": "PT1S", "period": "PT1S", "failureThreshold": 1}
        if what == "image without a server":
            asked["environmentId"] = empty.environment("mcr.microsoft.com/azureml/base")
        elif what == "package that is nowhere":
            asked["environmentId"] = empty.environment(INFERENCE, "there-is-no-such-package-anywhere==9")
        elif what == "model that is gone":
            asked["model"] = empty.lost_model()
        else:
            asked["codeConfiguration"]["codeId"] = empty.code("import time\ntime.sleep(60)\n")

        told = empty.failure(empty.ask("PUT", "deployments/blue", body))

        assert told[0] == code
        assert says in told[1]
        assert empty.of("blue").properties["provisioningState"] == "Failed"

    def test_an_image_without_a_server_says_so_in_its_log(self, empty: Stage) -> None:
        empty.deploy("blue", environmentId=empty.environment("mcr.microsoft.com/azureml/base"))

        log = empty.ask("POST", "deployments/blue/getLogs", {}).json()["content"]

        assert "A required package azureml-inference-server-http is missing" in log

    def test_a_deployment_that_serves_goes_on_when_its_update_fails(self, both: Stage) -> None:
        both.put(traffic={"green": 100})
        both.endpoints.provisioning.deployments.failures.append(("ResourceOperationFailure", "The service was down."))
        body = both.deployment("green", capacity=3, environmentVariables={"WHO": "another"})

        told = both.failure(both.ask("PUT", "deployments/green", body))

        assert told == ("ResourceOperationFailure", "The service was down.")
        assert both.of("green").properties["provisioningState"] == "Failed"
        assert both.score().json()["by"] == "green"
        assert both.ask("PUT", "deployments/green", body).status_code == 200
        assert both.over("green").properties["provisioningState"] == "Succeeded"
        assert both.score().json()["by"] == "another"

    def test_what_is_never_done_can_be_deleted_alone(self, empty: Stage) -> None:
        empty.endpoints.provisioning.deployments.hang = 1
        body = empty.deployment("blue")

        empty.ask("PUT", "deployments/blue", body)

        assert empty.ask("GET", "deployments/blue").json()["properties"]["provisioningState"] == "Creating"
        again = empty.ask("PUT", "deployments/blue", body)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "Conflict")
        assert empty.ask("DELETE", "deployments/blue").status_code == 202
        empty.scene.wait(lambda: empty.ask("GET", "deployments/blue").status_code == 404)

    def test_an_endpoint_that_is_never_done_takes_no_deployment_and_can_be_deleted(self, own: Scene) -> None:
        stage = Stage(own, "half-made")
        stage.endpoints.provisioning.endpoints.hang = 1

        stage.ask("PUT", "", stage.body())

        assert stage.resource.properties["provisioningState"] == "Creating"
        refused = [stage.ask("PUT", "", stage.body()), stage.ask("PUT", "deployments/blue", stage.deployment("blue"))]
        assert [answer.status_code for answer in refused] == [409, 409]
        assert stage.ask("DELETE", "").status_code == 202
        own.wait(lambda: stage.ask("GET", "").status_code == 404)

    def test_an_endpoint_that_failed_can_be_made_again(self, own: Scene) -> None:
        stage = Stage(own, "in-two-steps")
        stage.endpoints.provisioning.endpoints.failures.append(("InternalServerError", "Try again."))

        told = stage.failure(stage.put())

        assert told == ("InternalServerError", "Try again.")
        assert stage.resource.properties["provisioningState"] == "Failed"
        stage.put()
        assert stage.resource.properties["provisioningState"] == "Succeeded"

    def test_making_takes_the_time_that_it_is_told_to(self, own: Scene) -> None:
        stage = Stage(own, "takes-its-time")
        stage.endpoints.provisioning.endpoints.delay = 0.5
        begun = time.monotonic()
        try:
            stage.put()
        finally:
            stage.endpoints.provisioning.endpoints.delay = 0

        assert time.monotonic() - begun > 0.5
        assert stage.resource.properties["provisioningState"] == "Succeeded"


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "says"),
        [
            ({"traffic": {"blue": 60, "green": 30}}, "the traffic must be 0 or 100, but it is 90"),
            ({"traffic": {"purple": 100}}, "purple"),
            ({"mirrorTraffic": {"green": 60}}, "At most 50 %"),
            ({"mirrorTraffic": {"green": 10, "blue": 10}}, "one deployment alone"),
            ({"traffic": {"green": 100}, "mirrorTraffic": {"green": 10}}, "gets live traffic"),
            ({"authMode": "AADToken"}, "its authMode cannot be changed"),
            ({"traffic": {"blue": 101}}, "less than or equal to 100"),
            ({"colour": "blue"}, "properties.colour"),
        ],
    )
    def test_an_endpoint_that_cannot_be(self, both: Stage, asked: dict[str, Any], says: str) -> None:
        before = both.resource.properties

        answer = both.ask("PUT", "", both.body(**asked))

        assert answer.status_code == 400
        assert says in answer.text
        assert both.resource.properties == before

    @pytest.mark.parametrize(
        ("asked", "says"),
        [
            ({"endpointComputeType": "Kubernetes"}, "A deployment of type Kubernetes cannot be made"),
            ({"instanceType": "Standard_X99"}, "Standard_X99"),
            ({"capacity": 90}, "Not enough quota available for Standard_DS2_v2"),
            ({"model": "azureml:none:1"}, "Model azureml:none:1 not found"),
            ({"environmentId": "azureml:none:1"}, "Environment azureml:none:1 not found"),
            ({"codeConfiguration": {"codeId": "/nowhere", "scoringScript": "s.py"}}, "Code /nowhere not found"),
            ({"codeConfiguration": None}, "does not play deployments without a scoring script"),
            ({"scaleSettings": {"scaleType": "TargetUtilization"}}, "has the scale type Default"),
            ({"requestSettings": {"requestTimeout": "5 s"}}, "requestTimeout"),
            ({"modelMountPath": "/models"}, "modelMountPath"),
        ],
    )
    def test_a_deployment_that_cannot_be(self, both: Stage, asked: dict[str, Any], says: str) -> None:
        answer = both.ask("PUT", "deployments/purple", both.deployment("purple", **asked))

        assert answer.status_code == 400
        assert says in answer.text
        assert both.ask("GET", "deployments/purple").status_code == 404

    def test_a_deployment_with_traffic_is_not_deleted(self, both: Stage) -> None:
        both.put(traffic={"blue": 90, "green": 10})

        answer = both.ask("DELETE", "deployments/green")

        assert (answer.status_code, REFUSED in answer.text) == (400, True)
        assert "gets 10 % of the traffic" in answer.text

    def test_a_name_is_there_once_in_a_region(self, both: Stage, scene: Scene) -> None:
        other = Stage(scene, both.name)

        answer = other.ask("PUT", "", other.body())

        assert answer.status_code == 400
        assert "needs to be unique within a region" in answer.text
        assert "'no-' is invalid" in Stage(scene, "no-").ask("PUT", "", other.body()).text

    def test_who_may_only_read_gets_no_keys(self, both: Stage) -> None:
        roles, caller = both.scene.azure.roles, both.scene.cloud.builds.object_id
        roles.withdraw(caller)
        roles.assign(caller, "Reader", both.scene.cloud.subscription)
        try:
            answers = [both.ask("POST", "listKeys"), both.ask("DELETE", "deployments/blue"), both.ask("GET", "")]
        finally:
            roles.withdraw(caller)
            roles.assign(caller, "Contributor", both.scene.cloud.subscription)

        assert [each.status_code for each in answers] == [403, 403, 200]
        assert "onlineEndpoints/listKeys/action" in answers[0].text


def test_a_kubernetes_endpoint_serves_at_its_clusters_address(own: Scene) -> None:
    cluster = f"{own.workspace.id}/computes/k8s"
    attached = {"computeType": "Kubernetes", "resourceId": "/subscriptions/x/clusters/arc", "properties": {}}
    assert own.ask("PUT", "computes/k8s", {"location": "westeurope", "properties": attached}).status_code == 201
    stage = Stage(own, "in-cluster", {"compute": cluster})
    stage.put()
    stage.deploy("blue")

    stage.put(traffic={"blue": 100}, mirrorTraffic={"blue": 100})

    assert stage.resource.properties["scoringUri"].endswith("/api/v1/endpoint/in-cluster/score")
    assert stage.score().json()["by"] == "blue"
    assert stage.score({"raise": "nonsense"}).status_code == 502


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("azmlinfsrv - User's init function failed", "UserScriptInitFailed"),
        ("UserScriptImportException: Failed to import user script", "UserScriptImportError"),
        ("User script at /score.py does not have a run() function defined.", "UserScriptFunctionNotFound"),
        ("Killed", "DeploymentCrashLoopBackOff"),
    ],
)
def test_kubernetes_names_what_a_script_did_wrong(log: str, code: str) -> None:
    crash = StartFailedError(Cause.CRASH, "The process ended.", log, 3)

    assert (of_start(crash, True, "").code, of_start(crash, False, "").code) == (code, "ResourceNotReady")


def test_the_names_of_what_was_deleted_are_free_again(own: Scene) -> None:
    stage = Stage(own, "comes-again")
    stage.put()
    assert stage.ask("PATCH", "", {"tags": {"a": "1"}}).status_code == 202
    assert stage.ask("GET", "").json()["tags"] == {"a": "1"}
    stage.ask("DELETE", "")
    own.wait(lambda: stage.ask("GET", "").status_code == 404)

    assert stage.ask("DELETE", "").status_code == 204
    assert stage.ask("PUT", "", stage.body()).status_code == 201
