"""Services of ACI and AKS through the SDK v1, on scoring servers that really answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.services.failures import Mishap
from tests.azureml.cloud import GROUP, WORKSPACE, Azure
from tests.azureml.exchanges import FAULTS, Request
from tests.azureml_v1.places import Places, open_places

pytestmark = [pytest.mark.xdist_group("azureml-v1 endpoints"), pytest.mark.timeout(400)]

SCORE = """
import json
import os
from pathlib import Path

def init():
    global model
    [path] = [path for path in Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*") if path.is_file()]
    model = path.read_text()

def run(data):
    sent = sorted(path.name for path in Path(__file__).parent.iterdir() if path.is_file())
    return {"model": model, "by": os.environ.get("WHO", ""), "asked": json.loads(data), "sent": sent}
"""
OPEN = """
import requests
registry = opened(RegistryV1)
folder = Path(folder)
def model(text):
    path = folder / f"{text}.txt"
    path.write_text(text)
    return registry.register(NewModel(name="m", path=path, key=text))
def spec(text, score="score.py", **more):
    return DeploymentSpec(models=(model(text),), code=folder / "code", script=score, **more)
lines = []
tell = lines.append
def score(access, deployment=""):
    address = access.addresses.get(deployment, access.address)
    answer = requests.post(address, json=1, headers=access.headers)
    return answer.json() if answer.status_code == 200 else answer.status_code
"""


@pytest.fixture(scope="module")
def places(azure: Azure) -> Iterator[Places]:
    workspace = azure.world.azure.workspaces.find(GROUP, WORKSPACE)
    assert workspace
    with open_places(azure) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text(SCORE)
    (tmp_path / "code" / ".gitignore").write_text("*.csv\n")
    (tmp_path / "code" / "large.csv").write_text("1,2\n")
    return tmp_path


def ask(places: Places, folder: Path, code: str, **values: Any) -> Any:
    return places.run(OPEN + code, folder=str(folder), **values)


def test_a_container_instance_is_made_changed_in_place_and_deleted(places: Places, folder: Path) -> None:
    """Requirements 2.18, 4.11."""
    planned, made, scored, changed, again, found, log, gone, lines = ask(
        places,
        folder,
        """
aci = opened(EndpointsV1, "aci")
wanted = EndpointSpec(name="svc", tags={"t": "1"})
first = spec("one", variables={"WHO": "me"}, resources=Resources(cpu=0.5, memory=10**9))
planned = [aci.check(wanted, first), aci.find("svc"), aci.ensure(wanted, tell).state]
aci.tag("svc", {"amltasks.rollout": "{}"})
made = told(aci.deploy("svc", first, tell))
access = aci.access("svc")
scored = [score(access), requests.post(access.address, json=1).status_code]
aci.ensure(wanted, tell)
changed = told(aci.deploy("svc", spec("two", resources=Resources(cpu=1)), tell))
aci.tag("svc", {"amltasks.rollout": "", "u": "2"})
again = score(aci.access("svc"))
found = told(aci.find("svc"))
log = aci.log("svc", "current")
aci.delete("svc", tell)
aci.delete("svc", tell)
result = [planned, *made, scored, *changed, again, *found, log, aci.find("svc"), lines]
""",
    )

    assert planned == [[], None, "creating"]
    assert (made["cause"], made["deployment"]["state"], made["deployment"]["traffic"]) == (None, "ready", 100)
    assert made["deployment"]["models"] == ["m:1"]
    assert made["deployment"]["tags"] == {"t": "1", "amltasks.rollout": "{}"}
    assert made["events"][-1] == "Checking the status of deployment svc."
    assert scored == [{"model": "one", "by": "me", "asked": 1, "sent": ["score.py"]}, 401]
    assert "cpu: svc keeps 0.5: a container instance gets another one by `overwrite` alone." in lines
    assert changed["cause"] is None
    assert (again["model"], again["by"]) == ("two", "")
    assert (found["state"], found["auth"], found["tags"]) == ("ready", "key", {"t": "1", "u": "2"})
    assert "POST /score 200" in log
    assert gone is None


@pytest.mark.long
def test_versions_on_aks_share_the_requests_of_one_endpoint(places: Places, folder: Path) -> None:
    """Requirements 2.19, 2.21, 3.22, 3.23: the cluster is made where that is asked for."""
    warnings, blue, green, huge, alone, shared, after, refusals, found = ask(
        places,
        folder,
        """
aks = opened(EndpointsV1, "aks")
made = {"createCompute": "true", "agentCount": "1", "clusterPurpose": "DevTest"}
wanted = EndpointSpec(name="prod", compute="aks", several=True, location="northeurope", tags={"t": "1"}, settings=made)
blue = spec("one", name="blue", resources=Resources(cpu=0.5, memory=10**9, replicas=1))
scale = Autoscale(minimum=1, maximum=2)
green = spec("two", name="green", resources=Resources(cpu=0.5, memory=10**9, autoscale=scale))
warnings = aks.check(wanted, blue)
aks.ensure(wanted, tell)
aks.tag("prod", {"amltasks.rollout": "{}"})
first = told(aks.deploy("prod", blue, tell))
aks.route("prod", {"blue": 100})
aks.ensure(wanted, tell)
second = told(aks.deploy("prod", green, tell))
access = aks.access("prod")
alone = [score(access)["model"], score(access, "green")["model"], score(access, "blue")["model"]]
aks.route("prod", {"blue": 70, "green": 30})
shared = aks.find("prod").traffic
aks.ensure(EndpointSpec(name="huge", compute="aks"), tell)
huge = told(aks.deploy("huge", spec("one", resources=Resources(cpu=50)), tell))
aks.route("prod", {"green": 100})
after = [score(access)["model"] for _ in range(5)]
refusals = [
    refused(lambda: aks.delete_deployment("prod", "green", tell)),
    refused(lambda: aks.route("prod", {"green": 50})),
    *[refused(lambda: aks.check(EndpointSpec(name="prod", compute=name), blue)) for name in ("akz", "cpu", "")],
]
aks.delete_deployment("prod", "blue", tell)
aks.delete_deployment("prod", "blue", tell)
aks.tag("prod", {"amltasks.rollout": ""})
found = told(aks.find("prod"))
aks.delete("prod", tell)
result = [warnings, *first, *second, *huge, alone, shared, after, refusals, *found]
""",
    )

    assert warnings == [
        "compute: aks is in northeurope, the workspace in westeurope: images are copied from region to region."
    ]
    assert (blue["cause"], blue["deployment"]["traffic"]) == (None, 100)
    assert (green["cause"], green["deployment"]["traffic"]) == (None, 0)
    assert (huge["cause"], huge["deployment"]["state"]) == ("quota", "failed")
    assert huge["reason"].startswith("There is no room for it: ")
    assert alone == ["one", "two", "one"]
    assert shared == {"blue": 70, "green": 30}
    assert after == ["two"] * 5
    assert refusals == [
        "UserError: prod: green has 100 % of the requests: give them to another first.",
        "UserError: prod: the shares {'green': 50} are not 100 % of versions that it has.",
        "UserError: compute: there is no AKS cluster 'akz' in the workspace tests (did you mean 'aks'?): "
        "there are 'aks'. With `createCompute: true` in settings it is made.",
        "UserError: compute: 'cpu' is no AKS cluster but AmlCompute: there are 'aks'.",
        "UserError: compute: name the AKS cluster that serves.",
    ]
    assert (found["several"], found["tags"]) == (True, {"t": "1"})
    assert [(each["name"], each["traffic"]) for each in found["deployments"]] == [("green", 100)]


FAILING = """
aci, aks = opened(EndpointsV1, "aci"), opened(EndpointsV1, "aks")
def tried(name, given, kind=aci, **wanted):
    kind.ensure(EndpointSpec(name=name, **wanted), tell)
    deployed = kind.deploy(name, given, tell)
    found = kind.find(name)
    kind.delete_deployment(name, "current", tell)
    return [deployed.cause.value, deployed.reason, deployed.log, found.state, kind.find(name) is None]
"""


MISHAPS = {
    Mishap.IMAGE: ("imageBuild", "Its image could not be built: a mishap of the sandbox."),
    Mishap.FILES: ("missingModel", "A file of the model is not there: A file of the container could not be had"),
    Mishap.QUOTA: ("quota", "There is no room for it: Resource type 'Microsoft.ContainerInstance/containerGroups'"),
    Mishap.PROBE: ("timeout", "It was not ready in time: The deployment operation polling has TimedOut"),
    Mishap.CRASH: ("init", "The scoring script failed as it was started: RuntimeError: a mishap of the sandbox."),
}


@pytest.mark.long
def test_each_failure_has_its_sentence_and_leaves_nothing(places: Places, folder: Path) -> None:
    places.azure.world.azure.services.mishaps.extend(MISHAPS)

    tried = ask(places, folder, FAILING + "result = [tried('fails', spec('one')) for _ in range(5)]")

    assert [cause for cause, *_ in tried] == [cause for cause, _ in MISHAPS.values()]
    for (_, sentence, _, state, gone), (_, reason) in zip(tried, MISHAPS.values(), strict=True):
        assert sentence.startswith(reason)
        assert (state, gone) == ("failed", True)


@pytest.mark.long
def test_what_a_script_raises_is_the_reason_and_the_log_is_kept(places: Places, folder: Path) -> None:
    (folder / "code" / "broken.py").write_text("import nothing_of_that_name\n")

    cause, reason, log, state, gone = ask(
        places, folder, FAILING + "result = tried('broken', spec('one', 'broken.py'))"
    )

    assert (cause, state, gone) == ("init", "failed", True)
    assert reason == (
        "The scoring script failed as it was started: ModuleNotFoundError: No module named 'nothing_of_that_name'."
    )
    assert "Traceback (most recent call last)" in log


@pytest.mark.long  # it is heard of once in 40 seconds
def test_what_was_left_half_made_is_made_anew(places: Places, folder: Path) -> None:
    """As when nothing more is heard of a deployment: it is not waited for without end, then or the next time."""
    places.azure.world.azure.services.mishaps.append(Mishap.STUCK)

    cause, reason, planned, lines = ask(
        places,
        folder,
        FAILING
        + """
aci.patience = 0.5
wanted = EndpointSpec(name="stuck")
aci.ensure(wanted, tell)
deployed = aci.deploy("stuck", spec("one"), tell)
again = opened(EndpointsV1, "aci")
again.patience = 0.5
planned = again.ensure(wanted, tell)
result = [deployed.cause.value, deployed.reason, [planned.state, len(planned.deployments)], lines]
""",
    )

    assert (cause, planned) == ("timeout", ["creating", 0])
    assert reason == "It was not ready in time: Timed out: it was not ready within 0.00833333 minutes."
    assert lines[-1] == "stuck was left half made, and is made anew."


@pytest.mark.long
def test_a_service_of_another_kind_is_replaced_only_where_that_is_said(places: Places, folder: Path) -> None:
    places.azure.world.azure.services.mishaps.append(Mishap.QUOTA)

    refusal, planned = ask(
        places,
        folder,
        FAILING
        + """
made = {"createCompute": "true", "agentCount": "1", "clusterPurpose": "DevTest"}
aci.ensure(EndpointSpec(name="other"), tell)
aci.deploy("other", spec("one"), tell)
wanted = EndpointSpec(name="other", compute="aks", settings=made)
refusal = refused(lambda: aks.ensure(wanted, tell))
planned = aks.ensure(wanted.model_copy(update={"settings": {**made, "overwrite": "true"}}), tell)
result = [refusal, [planned.state, len(planned.deployments)]]
""",
    )

    assert refusal == (
        "UserError: endpoint: there is a service 'other' of another kind (ACI): choose another name, or have it "
        "replaced by the setting `overwrite: true`."
    )
    assert planned == ["creating", 0]


def test_settings_that_a_kind_does_not_know_are_warned_about_by_name(places: Places, folder: Path) -> None:
    warnings, refusals = ask(
        places,
        folder,
        FAILING
        + """
given = spec("one", resources=Resources(replicas=2, instance_type="Standard_DS3_v2"))
result = [
    aci.check(EndpointSpec(name="svc", settings={"namespace": "n", "dnsNameLabel": "l"}), given),
    [
        refused(lambda: aci.check(EndpointSpec(name=name, auth=Auth(auth), several=several), given))
        for name, auth, several in (("svc", "token", False), ("Svc", "key", False), ("svc", "key", True))
    ],
]
""",
    )

    assert warnings == [
        "instanceType: a service of ACI has no such setting: it is left out.",
        "replicas: a service of ACI has no such setting: it is left out.",
        "namespace: a service of ACI by the SDK v1 has no such setting: it is left out.",
    ]
    assert refusals == [
        "UserError: auth: 'token' is nothing that ACI has: there are 'key', 'none'.",
        "UserError: endpoint: 'Svc' is no name for a service: it has 3 to 32 lower-case letters, digits and -, and "
        "begins with a letter.",
        "UserError: strategy: a container instance shares no requests: deploy to AKS, or replace what is there.",
    ]


def test_an_image_is_built_into_the_workspaces_registry(places: Places, folder: Path) -> None:
    """Requirements 2.22, 2.23: its location is what a web app is given."""
    image, lines = ask(
        places,
        folder,
        """
packages = opened(PackagesV1)
image = packages.package(spec("one"), "scoring", "7", tell)
result = [image, lines]
""",
    )

    assert image.endswith(".azurecr.io/scoring:7")
    assert lines[0] == "The image is being built."


@pytest.mark.long
@pytest.mark.parametrize("fault", ["429", "409", "500 after", "reset", "reset after"])
def test_a_service_whose_making_is_not_answered_is_made_once(places: Places, folder: Path, fault: str) -> None:
    """What was asked for is there all the same: it is looked for, and waited for. So are its changes."""
    name = f"once-{fault.replace(' ', '-')}"
    faults = places.azure.world.faults
    faults.add(
        Request("new service", "POST", "*/services").fault(FAULTS[fault]),
        Request("operation", "GET", "*/operations/*").fault(FAULTS[fault]),
        Request("keys", "POST", "*/listkeys").fault(FAULTS[fault]),
        Request("tags", "PATCH", f"*/services/{name}").fault(FAULTS[fault]),
    )

    state, tags, keyed = ask(
        places,
        folder,
        FAILING
        + f"""
aci.ensure(EndpointSpec(name={name!r}), tell)
deployed = aci.deploy({name!r}, spec("one"), tell)
aci.tag({name!r}, {{"a": "b"}})
keyed = bool(aci.access({name!r}).headers)
found = aci.find({name!r})
aci.delete({name!r}, tell)
result = [deployed.deployment.state, found.tags, keyed]
""",
    )

    faults.clear()
    assert (state, tags, keyed) == ("ready", {"a": "b"}, True)
