"""Endpoints on this machine: real servers behind a front door that stays when the command is over."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from amltasks.errors import UserError
from amltasks.notebooks.processes import MARKER
from amltasks.platforms.endpoints import Auth, Cause, Deployed, DeploymentSpec, EndpointSpec, Resources
from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.local.serving.endpoints import LocalEndpoints
from amltasks.platforms.local.serving.state import EndpointFolder, LocalEndpoint
from amltasks.platforms.registry import Model, NewModel

pytestmark = pytest.mark.xdist_group("local-endpoints")

NAME = "house-prices"
SCRIPT = """
import json, os, time
from pathlib import Path

def init():
    global factor
    factor = float(Path(os.environ["AZUREML_MODEL_DIR"], "model.txt").read_text())

def run(raw):
    time.sleep(0.01)
    rows = json.loads(raw)["data"]
    return {"who": os.environ["WHO"], "result": [factor * sum(row) for row in rows]}
"""
ROWS = json.dumps({"data": [[1, 2], [3, 4]]})


class Served:
    """One endpoint with the deployments blue and green, and those who ask it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places = LocalEndpoints(folder)
        self.places.open()
        (folder / "model.txt").write_text("2")
        self.model = LocalRegistry(folder).register(NewModel(name="prices", path=folder / "model.txt", key="step"))
        self.code = folder / "code"
        self.code.mkdir()

    @property
    def files(self) -> EndpointFolder:
        return EndpointFolder(self.folder / "endpoints" / NAME)

    @property
    def state(self) -> LocalEndpoint:
        found = self.files.read()
        assert found is not None
        return found

    def deploy(self, name: str, who: str = "", script: str = SCRIPT) -> Deployed:
        (self.code / "score.py").write_text(script)
        spec = DeploymentSpec(
            name=name, models=(self.model,), code=self.code, script="score.py", variables={"WHO": who or name}
        )
        return self.places.deploy(NAME, spec, print)

    def ask(self, path: str = "/score", **headers: str) -> requests.Response:
        access = self.places.access(NAME)
        address = access.address.removesuffix("/score") + path
        given = {"Content-Type": "application/json", **access.headers, **headers}
        return requests.post(address, ROWS, headers=given, timeout=60)

    def who(self) -> str:
        return str(self.ask().json()["who"])

    def processes(self) -> list[psutil.Process]:
        """Of the scoring servers."""
        return _marked(self.state.marker)

    def door(self) -> psutil.Process:
        return psutil.Process(json.loads(self.files.door.read_text())["pid"])


def _marked(marker: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == marker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:  # gone meanwhile
            continue
    return found


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds before anybody would have lost patience."""
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, scoring_tools: Path) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("served"))
    served.places.ensure(EndpointSpec(name=NAME, several=True, tags={"team": "houses"}), print)
    try:
        for colour in ("blue", "green"):
            deployed = served.deploy(colour)
            assert deployed.cause is None, deployed.reason
        yield served
    finally:
        served.places.delete(NAME, print)


@pytest.fixture
def served(made: Served) -> Served:
    """All requests to blue."""
    made.places.route(NAME, {"blue": 100})
    return made


def test_a_deployment_answers_in_its_models_words(served: Served) -> None:
    answer = served.ask()

    assert answer.status_code == 200
    assert answer.json() == {"who": "blue", "result": [6.0, 14.0]}
    assert answer.headers["azureml-model-deployment"] == "blue"


def test_only_who_has_the_key_is_answered(served: Served) -> None:
    address = served.places.access(NAME).address.removesuffix("score")

    assert served.ask(Authorization="Bearer guessed").status_code == 401
    assert served.ask(Authorization="").status_code == 401
    assert requests.get(address, timeout=60).text == "Healthy"  # as probes ask
    assert requests.get(f"{address}swagger.json", timeout=60).status_code == 401


def test_the_key_is_for_its_owner_alone(served: Served) -> None:
    assert served.files.path.stat().st_mode & 0o077 == 0
    assert served.state.key not in served.files.door_log.read_text()
    assert "key=" not in repr(served.places.access(NAME))


def test_a_request_may_name_its_deployment(served: Served) -> None:
    header = served.places.access(NAME).deployment_header

    assert served.ask(**{header: "green"}).json()["who"] == "green"
    refused = served.ask(**{header: "red"})
    assert (refused.status_code, refused.json()["message"]) == (404, "The endpoint has no deployment 'red'.")


def test_requests_are_shared_as_it_is_said(served: Served) -> None:
    served.places.route(NAME, {"blue": 90, "green": 10})

    assert Counter(served.who() for _ in range(100)) == {"blue": 90, "green": 10}


def test_copies_of_requests_go_to_the_mirror(served: Served) -> None:
    served.places.route(NAME, {"blue": 100}, {"green": 50})
    before = served.places.log(NAME, "green").count("POST /score 200")

    assert Counter(served.who() for _ in range(10)) == {"blue": 10}
    assert eventually(lambda: served.places.log(NAME, "green").count("POST /score 200") == before + 5)


@pytest.mark.parametrize(
    ("traffic", "sentence"),
    [
        ({"blue": 60, "green": 30}, "Traffic sums to 100 percent, or to 0, not to 90."),
        ({"blue": 50, "red": 50}, f"{NAME} has no deployment 'red' that serves: there are 'blue', 'green'."),
        ({"blue": 150, "green": -50}, "Shares are between 0 and 100 percent."),
    ],
)
def test_shares_that_cannot_be_change_nothing(served: Served, traffic: dict[str, int], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        served.places.route(NAME, traffic)

    assert served.state.as_told().traffic == {"blue": 100}


def test_no_request_is_lost_while_deployments_and_shares_change(served: Served) -> None:
    """A deployment is made anew under traffic, another one takes over, and hands back."""
    answers: list[tuple[int, str]] = []
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            answer = served.ask()
            answers.append((answer.status_code, answer.json().get("who", answer.text)))

    askers = [threading.Thread(target=keep_asking) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        assert served.deploy("blue", "blue again").cause is None
        for share in (10, 50, 100):
            served.places.route(NAME, {"blue": 100 - share, "green": share})
            seen = len(answers)
            assert eventually(lambda seen=seen: len(answers) > seen + 20)  # type: ignore[misc]
        assert served.deploy("blue").cause is None
        served.places.route(NAME, {"blue": 100})
        assert eventually(lambda: answers[-1][1] == "blue")
    finally:
        over.set()
        for asker in askers:
            asker.join()

    assert {status for status, _ in answers} == {200}, Counter(answers)
    assert {who for _, who in answers} == {"blue", "blue again", "green"}


def test_a_deployment_that_does_not_start_leaves_what_served(served: Served) -> None:
    deployed = served.deploy("blue", script="def init():\n    raise RuntimeError('no weights')\n\ndef run(raw): ...\n")

    assert deployed.cause is Cause.INIT
    assert deployed.reason == "init() raised RuntimeError: no weights (score.py, line 2, in init)."
    assert "RuntimeError: no weights" in deployed.log
    assert deployed.deployment.state == "failed"
    assert served.who() == "blue"
    assert "RuntimeError: no weights" in served.places.log(NAME, "blue")
    assert served.deploy("blue").deployment.state == "ready"


def test_a_server_that_is_killed_is_started_again(served: Served) -> None:
    for process in served.processes():
        process.kill()

    assert served.who() == "blue"


def test_an_endpoint_whose_door_was_killed_serves_after_the_next_command(served: Served) -> None:
    served.places.tag(NAME, {"phase": "shifting"})
    before, servers = served.places.find(NAME), served.processes()
    door = served.door()
    door.kill()
    psutil.wait_procs([door], timeout=60)

    after = LocalEndpoints(served.folder).find(NAME)  # as another command would

    assert after == before
    assert served.who() == "blue"
    assert eventually(lambda: not any(process.is_running() for process in servers))
    assert after is not None
    assert after.tags == {"team": "houses", "phase": "shifting"}


def test_a_deployment_is_made_though_the_door_is_killed_over_it(served: Served) -> None:
    before = served.state.deployment("blue")
    assert before is not None

    def kill_when_begun() -> None:
        eventually(lambda: (now := served.state.deployment("blue")) is not None and now.latest != before.latest)
        served.door().kill()

    killer = threading.Thread(target=kill_when_begun)
    killer.start()
    deployed = served.deploy("blue", "blue at last")
    killer.join()

    assert deployed.deployment.state == "ready"
    assert served.who() == "blue at last"
    assert served.state.as_told().traffic == {"blue": 100}
    assert served.deploy("blue").cause is None


def test_a_deployment_with_a_share_is_not_deleted(served: Served) -> None:
    with pytest.raises(UserError, match="'blue' has 100 percent of the requests"):
        served.places.delete_deployment(NAME, "blue", print)
    served.places.delete_deployment(NAME, "red", print)


def test_the_door_has_nothing_by_which_agents_end_processes(served: Served) -> None:
    environment = served.door().environ()

    assert not [name for name in environment if name.startswith(("VSTS_", "AGENT_", "AMLTASKS_"))]
    assert os.getsid(served.door().pid) == served.door().pid


def test_nothing_is_left_of_an_endpoint_that_is_deleted(tmp_path: Path, scoring_tools: Path) -> None:
    served = Served(tmp_path)
    served.places.ensure(EndpointSpec(name=NAME), print)
    assert served.deploy("blue").cause is None
    door, marker = served.door(), served.state.marker

    served.places.delete(NAME, print)

    assert not _marked(marker)
    assert not door.is_running() or door.status() == psutil.STATUS_ZOMBIE
    assert served.places.find(NAME) is None
    assert not list((tmp_path / "endpoints").iterdir())
    served.places.delete(NAME, print)


def test_what_has_no_meaning_here_is_told_by_its_name(tmp_path: Path) -> None:
    """3.x: never a setting that is left out in silence."""
    (tmp_path / "score.py").write_text(SCRIPT)
    deployment = DeploymentSpec(
        models=(Model(name="m", version="1"),), code=tmp_path, script="score.py", resources=Resources(cpu=1)
    )
    places = LocalEndpoints(tmp_path)

    warnings = places.check(EndpointSpec(name=NAME, settings={"dnsNameLabel": "x"}), deployment)
    with pytest.raises(UserError, match="auth: on this machine there are key and none, not aad"):
        places.check(EndpointSpec(name=NAME, auth=Auth.AAD), deployment)
    with pytest.raises(UserError, match="endpoint: 'a b' is no name"):
        places.find("a b")

    assert [warning.split()[0] for warning in warnings] == ["cpu", "dnsNameLabel"]


def test_an_endpoint_ends_when_its_folder_is_deleted(tmp_path: Path) -> None:
    """Agents are cleaned, and nobody would find it again."""
    served = Served(tmp_path)
    served.places.ensure(EndpointSpec(name=NAME), print)
    door = served.door()

    shutil.rmtree(tmp_path / "endpoints")

    assert eventually(lambda: not door.is_running() or door.status() == psutil.STATUS_ZOMBIE)


def test_what_is_kept_here_is_not_code_though_it_lies_among_it(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.places.ensure(EndpointSpec(name=NAME), print)
    try:
        (tmp_path / "score.py").write_text("def init(): ...\n\n\ndef run(raw):\n    return 1\n")
        spec = DeploymentSpec(name="blue", models=(served.model,), code=tmp_path, script="score.py")

        assert served.places.deploy(NAME, spec, print).cause is None
        (code,) = served.files.tries.glob("blue-*/code")
        assert {path.name for path in code.iterdir()} - {"__pycache__"} == {"code", "model.txt", "score.py"}
    finally:
        served.places.delete(NAME, print)
