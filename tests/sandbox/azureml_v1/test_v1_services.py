"""Web services: what the SDK v1 deploys to container instances and AKS really scores, changes and fails."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.assets.state import ENVIRONMENT
from sandbox.azure.services.failures import Mishap
from tests.sandbox.azure.sdk import RefusedError, Sdk
from tests.sandbox.azureml_v1.scene import Scene

pytestmark = pytest.mark.xdist_group("azureml v1 data")  # the SDKs of test_v1_data.py

SCORE = """
import json, os
from pathlib import Path
def init():
    global factor
    factor = int(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("factor.txt")).read_text())
    print("the factor is", factor)
def run(data):
    return [factor * each for each in json.loads(data)["data"]]
"""
BAD = "import nothing_of_the_kind\ndef init(): pass\ndef run(data): pass\n"
SERVICES = """
import json, os, requests
from pathlib import Path
from azureml.core import Environment, Model, Webservice
from azureml.core.compute import AksCompute, ComputeTarget
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice, AksEndpoint, AksWebservice
os.chdir(folder)
serve = Environment("serve")
serve.docker.base_image = "mcr.microsoft.com/azureml/base"
serve.python.conda_dependencies = CondaDependencies.create(pip_packages=["azureml-inference-server-http==1.5.1"])
def refused(work):
    try:
        return work()
    except Exception as no:
        return str(no)
def model(factor):
    Path("factor.txt").write_text(str(factor))
    return Model.register(ws, "factor.txt", "factor")
def code(script="score.py"):
    return InferenceConfig(script, source_directory="code", environment=serve)
def aks(name, **more):
    asked = AksCompute.provisioning_configuration(**more)
    made = ComputeTarget.create(ws, name, asked)
    made.wait_for_completion()
    return made
def ask(service, *data, key=None):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return requests.post(service.scoring_uri, json={"data": data}, headers=headers)
"""


@pytest.fixture
def folder(code: Path) -> Path:
    (code / "score.py").write_text(SCORE)
    (code / "bad.py").write_text(BAD)
    return code.parent


def run(scene: Scene, folder: Path, code: str, **values: Any) -> Any:
    return scene.run(SERVICES + code, folder=str(folder), **values)


def test_a_container_instance_scores_with_a_model_of_the_sdk_v2(scene: Scene, folder: Path, sdk: Sdk) -> None:
    (folder / "theirs").mkdir()
    (folder / "theirs" / "factor.txt").write_text("3")
    theirs = "client.models.create_or_update(Model(name='factor', path=path))"
    scene.run_v2(sdk, theirs, path=str(folder / "theirs"))
    first = run(
        scene,
        folder,
        """
settings = AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1, auth_enabled=True, tags={"a": "b"},
                                              dns_name_label="ours", primary_key="one", secondary_key="two")
one = Model.deploy(ws, "one", [Model(ws, "factor")], code(), settings)
one.wait_for_deployment(show_output=True)
result = [one.state, one.scoring_uri, one.get_keys(), one.run(json.dumps({"data": [1, 2]})), one.tags,
          [each.id for each in one.models], one.environment.name, "the factor is 3" in one.get_logs(),
          [ask(one, 1).status_code, ask(one, 1, key="wrong").status_code, ask(one, 1, key="two").json()],
          requests.get(one.swagger_uri, headers={"Authorization": "Bearer one"}).json()["info"]["title"],
          [each.name for each in Webservice.list(ws, compute_type="ACI", model_id="factor:1", tags=[["a", "b"]])],
          refused(lambda: Model.deploy(ws, "one", [model(4)], code(), settings))]
""",
    )
    second = run(
        scene,
        folder,
        """
one = Webservice(ws, "one")
one.add_tags({"c": "d"})
one.update(description="later")
one.wait_for_deployment()
result = [one.run(json.dumps({"data": [1]})), one.tags, one.description, one.get_keys(), one.scoring_uri]
one.delete()
result.append(refused(lambda: Webservice(ws, "one")))
""",
    )

    host = "ours.westeurope.azurecontainer.io"
    assert first[:8] == [
        "Healthy",
        f"http://{host}/score",
        ["one", "two"],
        [3, 6],
        {"a": "b"},
        ["factor:1"],
        "serve",
        True,
    ]
    assert first[8] == [401, 401, [3]]
    assert first[9] == "ML service"
    assert first[10] == ["one"]
    assert "Service one with the same name already exists" in first[11]
    keys = ["one", "two"]
    assert second[:5] == [[3], {"a": "b", "c": "d"}, "later", keys, f"http://{host}/score"]
    assert "Webservice with name one not found" in second[5]
    assert scene.azure.assets.version(scene.workspace, ENVIRONMENT, "serve", "1") is not None
    assert not [each for each in scene.cloud.world.journal.exchanges if '"two"' in str(each.response_body)]


def test_a_service_on_aks_is_replaced_and_its_clients_notice_nothing(scene: Scene, folder: Path) -> None:
    made = run(
        scene,
        folder,
        """
far = aks("far", location="northeurope")
two = Model.deploy(ws, "two", [model(3)], code(), AksWebservice.deploy_configuration(
    cpu_cores=0.5, memory_gb=0.5, autoscale_enabled=True, autoscale_max_replicas=4, scoring_timeout_ms=5000), far)
two.wait_for_deployment()
large = AksWebservice.deploy_configuration(cpu_cores=20)
result = [two.state, two.scoring_uri, two.get_keys()[0], two.run(json.dumps({"data": [1]})), two.compute_name,
          two.autoscaler.max_replicas, two.scoring_timeout_ms, two.num_replicas,
          two.container_resource_requirements.cpu, far.cluster_location, ask(two, 1).status_code,
          refused(lambda: Model.deploy(ws, "large", [model(3)], code(), large, far))]
""",
    )
    address, key = made[1:3]
    answers: list[Any] = []
    changed = threading.Event()

    def call() -> None:
        last = False
        with scene.cloud.client() as client:
            while not last:
                last = changed.is_set()
                answer = client.post(address, json={"data": [1]}, headers={"Authorization": f"Bearer {key}"})
                answers.append((answer.status_code, answer.json()))

    caller = threading.Thread(target=call)
    caller.start()
    scene.wait(lambda: answers)
    try:
        token = run(
            scene,
            folder,
            """
two = Webservice(ws, "two")
two.update(models=[model(7)], inference_config=code())
two.wait_for_deployment()
result = [ask(two, 1, key=two.get_keys()[1]).json()]
""",
        )
    finally:
        changed.set()
        caller.join()
    token += run(
        scene,
        folder,
        """
two = Webservice(ws, "two")
two.update(auth_enabled=False, token_auth_enabled=True)
two.wait_for_deployment()
result = [ask(two, 1, key=two.get_access_token().access_token).json(), ask(two, 1, key="wrong").status_code]
two.delete()
""",
    )

    assert re.fullmatch(r"http://203\.0\.113\.\d+:80/api/v1/service/two/score", address)
    assert [made[0], *made[3:11]] == ["Healthy", [3], "far", 4, 5000, 1, 0.5, "northeurope", 401]
    assert "Unschedulable: CPU/Memory resource insufficient" in made[11]
    assert token == [[7], [7], 401]
    assert {status for status, _ in answers} == {200}
    assert {answer for _, [answer] in answers} == {3, 7}


def test_an_endpoint_splits_its_traffic_among_versions(scene: Scene, folder: Path) -> None:
    found = run(
        scene,
        folder,
        """
dev = aks("dev", agent_count=1, cluster_purpose="DevTest")
end = Model.deploy(ws, "end", [model(3)], code(), AksEndpoint.deploy_configuration(
    cpu_cores=0.1, memory_gb=0.2, version_name="blue", traffic_percentile=100), dev)
end.wait_for_deployment()
end.create_version("green", models=[model(5)], inference_config=code(), traffic_percentile=0)
end.wait_for_deployment()
key = end.get_keys()[0]
def counts(times):
    answers = [ask(end, 1, key=key).json()[0] for _ in range(times)]
    return [answers.count(3), answers.count(5)]
def told():
    return {name: [each.traffic_percentile, each.is_default, each.version_type] for name, each in end.versions.items()}
result = [end.compute_type, told(), counts(4), ask(end.versions["green"], 1, key=key).json()]
for name, share in (("blue", 70), ("green", 30)):
    end.update_version(name, traffic_percentile=share)
    end.wait_for_deployment()
result += [counts(20), refused(lambda: end.update_version("green", traffic_percentile=31)),
           refused(lambda: end.update_version("red", traffic_percentile=0))]
end.update_version("blue", traffic_percentile=0)  # what is given to nobody is the default's
end.wait_for_deployment()
result += [counts(10)]
end.update_version("green", is_default=True, is_control_version_type=True)
end.wait_for_deployment()
result += [counts(4), told()]
end.delete_version("blue")
end.wait_for_deployment()
result += [told(), counts(2), ask(end.versions["green"], 1, key=key).json(), "# green" in end.get_logs()]
end.delete()
result.append(ask(end, 1, key=key).status_code)
""",
    )

    assert found[:4] == [
        "AKSENDPOINT",
        {"blue": [100, True, "Treatment"], "green": [0, False, "Treatment"]},
        [4, 0],
        [5],
    ]
    assert found[4] == [14, 6]
    assert "traffic of all versions is 101 percent" in found[5]
    assert "no /versions/red" in found[6]
    assert found[7] == [7, 3]
    assert found[8] == [0, 4]
    assert found[9] == {"blue": [0, False, "Treatment"], "green": [30, True, "Control"]}
    assert found[10:] == [{"green": [30, True, "Control"]}, [0, 2], [5], True, 404]


@pytest.mark.long
def test_a_script_that_fails_is_told_of_and_what_served_before_goes_on(scene: Scene, folder: Path) -> None:
    found = run(
        scene,
        folder,
        """
settings = AciWebservice.deploy_configuration()
def deploy(script, **more):
    service = Model.deploy(ws, "one", [model(3)], code(script), settings, **more)
    service.wait_for_deployment()
    return service
failed = refused(lambda: deploy("bad.py"))
one = Webservice(ws, "one")
result = [failed, one.state, one.error["code"], "nothing_of_the_kind" in one.get_logs(), ask(one, 1).status_code]
one = deploy("score.py", overwrite=True)
result += [one.state, one.error, ask(one, 1).json()]
one.update(models=[model(5)], inference_config=code("bad.py"))
failed = refused(one.wait_for_deployment)
result += ["nothing_of_the_kind" in failed, Webservice(ws, "one").state, ask(one, 1).json()]
one.delete()
""",
    )

    said = "Error in entry script, ModuleNotFoundError: No module named 'nothing_of_the_kind', please run print(service"
    assert f"Aci Deployment failed with exception: {said}" in found[0]
    assert "More information can be found using '.get_logs()'" in found[0]
    assert found[1:] == ["Unhealthy", "AciDeploymentFailed", True, 502, "Healthy", None, [3], True, "Unhealthy", [3]]


@pytest.mark.long
def test_what_goes_wrong_on_request_has_the_words_of_the_service(scene: Scene, folder: Path) -> None:
    scene.azure.services.mishaps.extend(
        [Mishap.IMAGE, Mishap.CRASH, Mishap.FILES, Mishap.PROBE, Mishap.QUOTA, Mishap.QUOTA, Mishap.STUCK]
    )
    found = run(
        scene,
        folder,
        """
one, near = model(3), aks("near")
def aci(name):
    return Model.deploy(ws, name, [one], code(), AciWebservice.deploy_configuration())
def tell(name, deploy=aci):
    failed = refused(lambda: deploy(name).wait_for_deployment())
    return [failed, Webservice(ws, name).state]
result = [tell(name) for name in ("image", "crash", "files", "probe", "quota")]
result.append(tell("nodes", lambda name: Model.deploy(ws, name, [one], code(), deployment_target=near)))
stuck = aci("stuck")
result.append([refused(lambda: requests.get(result[0][0].split("found here: ")[1].split()[0]).text), stuck.state])
stuck.delete()
result.append(sorted(each.name for each in Webservice.list(ws)))
for each in Webservice.list(ws):
    each.delete()
result.append([each.name for each in Webservice.list(ws)])
""",
    )

    says = [
        ("EnvironmentBuildFailed", "Failed building the Environment.", "Failed"),
        ("AciDeploymentFailed", "Error in entry script, RuntimeError", "Unhealthy"),
        ("AciDeploymentFailed", "A file of the container could not be had", "Failed"),
        ("DeploymentTimedOut", "has TimedOut", "Unhealthy"),
        ("AciDeploymentFailed", "quota 'StandardCores' exceeded", "Failed"),
        ("KubernetesError", "nodes are available", "Unschedulable"),
    ]
    for (failed, state), (code, words, wanted) in zip(found, says, strict=False):
        assert (code in failed, words in failed, state) == (True, True, wanted), failed
    assert found[6] == ["a mishap of the sandbox", "Transitioning"]
    assert found[7:] == [["crash", "files", "image", "nodes", "probe", "quota"], []]


def test_models_are_packaged(scene: Scene, folder: Path) -> None:
    image, log, files, dockerfile, none = run(
        scene,
        folder,
        """
models = [model(3), Model.register(ws, "code", "other")]
def package(**more):
    made = Model.package(ws, models, code(), **more)
    made.wait_for_creation()
    return made
image = package(image_name="scorer", image_label="v1")
context = package(generate_dockerfile=True)
context.save("context")
files = sorted(str(each.relative_to("context")) for each in Path("context").rglob("*") if each.is_file())
result = [image.location, image.get_logs(), [each for each in files if "/tmp" not in each],
          Path("context/Dockerfile").read_text(), refused(lambda: context.pull())]
""",
    )

    registry = scene.workspace.properties["workspaceId"].replace("-", "")
    assert image == f"{registry}.azurecr.io/scorer:v1"
    assert "recorded, not built" in log
    assert files == [
        "Dockerfile",
        "azureml-app/azureml-models/factor/1/factor.txt",
        "azureml-app/azureml-models/other/1/code/bad.py",
        "azureml-app/azureml-models/other/1/code/score.py",
        "azureml-app/code/bad.py",
        "azureml-app/code/score.py",
        "conda.yml",
    ]
    assert dockerfile.startswith("FROM mcr.microsoft.com/azureml/base\n")
    assert 'ENV AZUREML_MODEL_DIR="/var/azureml-app/azureml-models"' in dockerfile
    assert "cannot be pulled" in none


def test_aks_computes_are_made_attached_and_given_back(scene: Scene, folder: Path) -> None:
    scene.azure.computes.failures.append(("BadArgument", "no such luck"))
    found = run(
        scene,
        folder,
        """
bad = refused(lambda: aks("bad"))
state = [ComputeTarget(ws, "bad").provisioning_state, ComputeTarget(ws, "bad").provisioning_errors]
prod = aks("prod", location="northeurope")
dev = aks("dev", agent_count=1, vm_size="Standard_DS2_v2", cluster_purpose="DevTest")
cluster = dev.cluster_resource_id
dev.detach()
dev.wait_for_completion(is_delete_operation=True)
def attach(name):
    asked = AksCompute.attach_configuration(resource_id=cluster, cluster_purpose="DevTest")
    made = ComputeTarget.attach(ws, name, asked)
    made.wait_for_completion()
    return made
again = attach("again")
result = [bad, state, [prod.agent_count, prod.agent_vm_size, prod.cluster_purpose, prod.cluster_location,
                       prod.is_attached], [again.agent_count, again.agent_vm_size, again.is_attached],
          refused(lambda: aks("few", agent_count=1)), refused(lambda: aks("there", location="mars"))]
again.delete()
again.wait_for_completion(is_delete_operation=True)
result += [refused(lambda: attach("third")), sorted(ws.compute_targets)]
""",
    )

    assert "no such luck" in found[0]
    assert found[1] == ["Failed", [{"error": {"code": "BadArgument", "message": "no such luck"}}]]
    assert found[2:4] == [[3, "Standard_D3_v2", "FastProd", "northeurope", False], [1, "Standard_DS2_v2", True]]
    says = ("at least 12 virtual CPUs", "Available are: eastus", "was not found")
    for refusal, words in zip(found[4:7], says, strict=True):
        assert words in refusal
    assert found[7] == ["bad", "cpu", "prod"]


def test_who_may_only_read_deploys_nothing_and_sees_no_keys(scene: Scene, folder: Path) -> None:
    roles, caller = scene.azure.roles, scene.cloud.builds.object_id
    scene.azure.services.mishaps.append(Mishap.STUCK)
    run(scene, folder, "Model.deploy(ws, 'one', [model(3)], code(), AciWebservice.deploy_configuration())")
    roles.withdraw(caller)
    roles.assign(caller, "Reader", scene.cloud.subscription)
    try:
        for code in ("Webservice(ws, 'one').get_keys()", "Webservice(ws, 'one').delete()"):
            with pytest.raises(RefusedError, match="403"):
                run(scene, folder, code)
        assert run(scene, folder, "result = Webservice(ws, 'one').state") == "Transitioning"
    finally:
        roles.withdraw(caller)
        roles.assign(caller, "Contributor", scene.cloud.subscription)
