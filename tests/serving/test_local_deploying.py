"""`amltasks deploy` on this machine: models come, prove good and get the requests, or go; whoever dies meanwhile."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from amltasks.endpoints.rollout import TAG
from amltasks.platforms.endpoints import Endpoint
from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.local.serving.endpoints import LocalEndpoints
from amltasks.platforms.registry import NewModel
from tests.azureml.steps import wait_for

SCORE = """
import json, os, pathlib, time
def init():
    global weights
    [path] = [path for path in pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*") if path.is_file()]
    weights = float(path.read_text())
def run(data):
    return {"result": [weights * value for value in json.loads(data)["data"]]}
"""
TESTS = "cases: [{name: doubles, body: {data: [1, 2]}, expect: {length: {/result: 2}}}]"
PRECHECK = "precheck"  # which the other tests leave out
HALF = "blue 50 %, green 50 %"
CANARY = ("--strategy", "canary", "--steps", "50,100", "--bake", "0", "--rules", "requests: 3")


class Laptop:
    """A folder with a scoring script, models and an endpoint."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.endpoints = LocalEndpoints(folder / ".amltasks")
        self.started: list[subprocess.Popen[str]] = []
        (folder / "tests.yml").write_text(TESTS)
        for number in ("2.0", "3.0"):
            (folder / "weights.txt").write_text(number)
            registry = LocalRegistry(folder / ".amltasks")
            registry.register(NewModel(name="scaling", path=folder / "weights.txt", key=number))

    def start(self, *options: str, script: str = SCORE, model: str = "scaling") -> subprocess.Popen[str]:
        (self.folder / "score").mkdir(exist_ok=True)
        (self.folder / "score" / "score.py").write_text(script)
        command = ["deploy", "served", model, "--script", "score/score.py", "--tests", "tests.yml"]
        command += ["--no-precheck"] if PRECHECK not in options else []
        options = tuple(option for option in options if option != PRECHECK)
        process = subprocess.Popen(
            [sys.executable, "-m", "amltasks", *command, *options],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def deploy(self, *options: str, script: str = SCORE, model: str = "scaling") -> tuple[int, str]:
        process = self.start(*options, script=script, model=model)
        log, _ = process.communicate(timeout=120)
        return process.returncode, log

    def die(self, lines: int, *options: str, model: str = "scaling") -> bool:
        """Whether it was killed, once it had told so many lines; else it came to its end first."""
        process = self.start(*options, model=model)
        assert process.stdout
        for number, _ in enumerate(process.stdout, 1):
            if number == lines:
                process.kill()
        return process.wait(60) == -signal.SIGKILL

    def servers(self) -> list[psutil.Process]:
        """Inference servers that have this folder in their command or environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if str(self.folder) in " ".join(process.environ().values()) and "gunicorn" in " ".join(
                    process.cmdline()
                ):
                    found.append(process)
        return found

    def until(self, told: str, *options: str, model: str = "scaling", script: str = SCORE) -> subprocess.Popen[str]:
        """A run that has just said that."""
        process = self.start(*options, model=model, script=script)
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if told in line:
                return process
        raise AssertionError("".join(said))

    def found(self) -> Endpoint:
        found = self.endpoints.find("served")
        assert found
        return found


@contextmanager
def laptop(folder: Path) -> Iterator[Laptop]:
    opened = Laptop(folder)
    try:
        yield opened
    finally:
        for process in opened.started:
            process.kill()
        opened.endpoints.delete("served", print)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Laptop]:
    with laptop(tmp_path) as opened:
        yield opened


@contextmanager
def calling(here: Laptop) -> Iterator[Counter[str]]:
    """Somebody who keeps asking: what the answers were."""
    access, answers, over = here.endpoints.access("served"), Counter[str](), threading.Event()

    def call() -> None:
        with httpx.Client(headers=access.headers, timeout=30, trust_env=False) as client:
            while not over.is_set():
                try:
                    answers[client.post(access.address, json={"data": [1]}).text] += 1
                except httpx.HTTPError as error:
                    answers[repr(error)] += 1
                over.wait(0.05)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def test_nobody_notices_that_a_model_comes_and_that_others_are_sent_back(here: Laptop) -> None:
    """Shown by 1: not one request fails while all that happens."""
    code, log = here.deploy(model="scaling:1")
    assert code == 0, log

    with calling(here) as answers:
        good, good_log = here.deploy(*CANARY)
        crashing, crashing_log = here.deploy(*CANARY, script="import not_there")
        wrong, wrong_log = here.deploy(*CANARY, script=SCORE.replace('["data"]]', '["data"][1:]]'))
        different, different_log = here.deploy(
            *CANARY[:-1], "{requests: 3, difference: 0, relative: 1%}", model="scaling:1"
        )
        slow, slow_log = here.deploy(
            *CANARY[:-1],
            "{requests: 3, p95: 150 ms}",
            script=SCORE.replace("    return", "    time.sleep(0.3)\n    return"),
        )

    assert good == 0, good_log
    assert (crashing, wrong, slow, different) == (1, 1, 1, 1)
    assert "not_there" in crashing_log
    assert "doubles: result has the length 1, and 2 was expected" in wrong_log
    assert "p95 is " in slow_log
    assert "rolledBack: http" in slow_log
    assert "3 of 3 answers differ from those before" in different_log
    assert set(answers) == {'{"result": [2.0]}', '{"result": [3.0]}'}, answers
    assert [(each.name, each.traffic) for each in here.found().deployments] == [("green", 100)]
    assert TAG not in here.found().tags


def test_a_cancelled_run_says_how_things_are_and_the_next_one_goes_on(here: Laptop) -> None:
    here.deploy(model="scaling:1")
    process = here.until(HALF, *CANARY, "--bake", "10 min")
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=120)
    left = json.loads(here.found().tags[TAG])
    code, log = here.deploy(*CANARY)

    assert process.returncode == 130
    assert "Cancelled; requests to served are answered by blue 50 %, green 50 %; the next run goes on" in rest
    assert (left["phase"], left["passed"]) == ("shifting", 0)
    assert code == 0, log
    assert "this is the same one, and goes on" in log
    assert here.found().traffic == {"green": 100}


def test_a_run_that_is_cancelled_while_the_script_is_tried_leaves_no_server(here: Laptop) -> None:
    slow = "import time\ndef init():\n    time.sleep(600)\ndef run(data):\n    return 1\n"
    process = here.until("in the inference server", PRECHECK, script=slow)
    wait_for(lambda: len(here.servers()) > 0)
    process.send_signal(signal.SIGINT)
    log, _ = process.communicate(timeout=60)

    assert process.returncode == 130, log
    assert here.servers() == []
    assert here.endpoints.find("served") is None


def test_what_a_killed_run_has_left_of_another_model_is_rolled_back_first(here: Laptop) -> None:
    """Shown by 3, in short."""
    here.deploy(model="scaling:1")
    with calling(here) as answers:
        process = here.until(HALF, *CANARY, "--bake", "10 min", model="scaling:2")
        process.kill()
        process.communicate(timeout=60)
        left = here.found()
        code, log = here.deploy(*CANARY, model="scaling:1")

    assert left.traffic == {"blue": 50, "green": 50}
    assert code == 0, log
    assert "it is rolled back first" in log
    assert here.found().traffic == {"green": 100}
    assert here.found().deployments[0].models == ("scaling:1",)
    assert set(answers) <= {'{"result": [2.0]}', '{"result": [3.0]}'}


@pytest.mark.long
def test_what_serves_is_changed_in_place_or_made_anew(here: Laptop) -> None:
    """3.23: an endpoint is deleted only when that is asked for; in place not one request fails."""
    here.deploy("--strategy", "replace", model="scaling:1")
    with calling(here) as answers:
        code, log = here.deploy("--strategy", "replace", model="scaling:2")
        broken, broken_log = here.deploy("--strategy", "replace", script="import not_there")
    key = here.endpoints.access("served").headers
    anew, anew_log = here.deploy("--strategy", "replace", "--overwrite", model="scaling:1")

    assert code == 0, log
    assert broken == 1
    assert "failed: " in broken_log
    assert set(answers) == {'{"result": [2.0]}', '{"result": [3.0]}'}, answers
    assert anew == 0, anew_log
    assert [(each.name, each.models) for each in here.found().deployments] == [("blue", ("scaling:1",))]
    assert here.endpoints.access("served").headers != key


@pytest.mark.long
def test_steps_that_end_below_100_stay_until_a_later_run_goes_on(here: Laptop) -> None:
    """2.26: so that somebody can approve in between."""
    here.deploy(model="scaling:1")

    half, half_log = here.deploy(*CANARY[:2], "--steps", "0,50", "--bake", "0")
    traffic = here.found().traffic
    whole, whole_log = here.deploy(*CANARY[:2], "--steps", "100", "--bake", "0")

    assert (half, whole) == (0, 0), half_log + whole_log
    assert traffic == {"blue": 50, "green": 50}
    assert "green has 50 % of the requests until a later step gives it more" in half_log
    assert here.found().traffic == {"green": 100}


@pytest.mark.long
def test_a_cancelled_run_may_give_all_requests_back_at_once(here: Laptop) -> None:
    here.deploy(model="scaling:1")
    process = here.until(HALF, *CANARY, "--bake", "10 min", "--on-cancel", "rollback")
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=120)

    assert process.returncode == 130
    assert "requests to served are answered by blue 100 %; the next run goes on or rolls back" in rest


@pytest.mark.long
@pytest.mark.parametrize("model", ["scaling:2", "scaling:1"])
@pytest.mark.parametrize("lines", range(1, 14))
def test_whenever_it_is_killed_the_next_run_comes_to_the_end(here: Laptop, lines: int, model: str) -> None:
    """Shown by 3: between any two steps; traffic sums to 100 at every moment, and not one request fails."""
    here.deploy(model="scaling:1")
    sums = set()
    with calling(here) as answers:
        killed = here.die(lines, *CANARY, model="scaling:2")
        sums.add(sum(here.found().traffic.values()))
        code, log = here.deploy(*CANARY, model=model)
        sums.add(sum(here.found().traffic.values()))

    assert killed or lines > 10
    assert code == 0, log
    assert sums == {100}
    assert list(here.found().traffic.values()) == [100]
    assert len(here.found().deployments) == 1
    assert TAG not in here.found().tags
    assert {answer[:11] for answer in answers} == {'{"result": '}, answers
