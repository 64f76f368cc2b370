"""`python -m sandbox run`, as a person or a program uses it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]


class Command:
    """Starts the command in a repository of its own; ends what is left of it."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.repository.mkdir()
        self._git("init", "-q", "-b", "main")
        self._started: list[subprocess.Popen[str]] = []

    def start(self, yaml: str, *arguments: str) -> subprocess.Popen[str]:
        (self.repository / "p.yml").write_text(textwrap.dedent(yaml))
        self._git("add", "-A")
        self._git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "x", "--allow-empty")
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "run", str(self.repository / "p.yml"), *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, yaml: str, *arguments: str) -> tuple[int, str]:
        process = self.start(yaml, *arguments)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.repository, check=True, capture_output=True)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path)
    yield made
    made.end()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"the command ended without saying {text!r}")


@pytest.mark.parametrize(
    ("script", "code", "word"),
    [("echo done", 0, "succeeded"), ("exit 2", 1, "failed")],
)
def test_the_exit_code_tells_how_the_run_ended(
    command: Command, tmp_path: Path, script: str, code: int, word: str
) -> None:
    """…and the JSON file tells programs the rest."""
    file = tmp_path / "result.json"
    returned, output = command.run(f"steps: [{{bash: {script}, displayName: a step}}]", "--json", str(file))
    found = json.loads(file.read_text())

    assert returned == code, output
    assert f" {word}: http://127.0.0.1:" in output
    assert "##[section]Starting: a step" in output
    assert found["result"] == word
    assert found["build"]["result"] == word
    job = found["stages"][0]["children"][0]["children"][0]
    assert [step["name"] for step in job["children"]][-2] == "a step"
    assert found["testRuns"] == []


def test_a_run_with_issues_is_good_and_named_so(command: Command) -> None:
    returned, output = command.run("steps: [{bash: exit 1, continueOnError: true}]", "--quiet")

    assert returned == 0
    assert "partiallySucceeded" in output
    assert "##[section]" not in output


@pytest.mark.parametrize(
    ("yaml", "arguments", "message"),
    [
        ("steps: [{bash: echo, colour: red}]", [], "p.yml:1: Unexpected value 'colour'"),
        ("steps: [{task: Absent@1}]", [], "A task is missing."),
        ("steps: []", ["--extension", "absent.vsix"], "absent.vsix: not an extension"),
        ("steps: []", ["--variable", "x"], "--variable wants NAME=VALUE, not 'x'"),
        ("steps: []", ["--release", "ship"], "--release wants NAME/STAGE, not 'ship'"),
        ("steps: []", ["--signal-delays", "1"], "--signal-delays wants two numbers"),
        ("steps: []", ["--endpoints", "absent.yml"], "absent.yml: cannot be read"),
        ("steps: []", ["--parameter", "x=1"], "Unexpected parameter 'x'; declared: none"),
    ],
)
def test_what_cannot_be_run_is_refused_with_one_sentence(
    command: Command, yaml: str, arguments: list[str], message: str
) -> None:
    returned, output = command.run(yaml, *arguments)

    assert returned == 2
    assert message in output
    assert "Traceback" not in output


def test_variables_secrets_groups_and_parameters_come_from_the_command_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "group.yml").write_text("plain: p\nhidden: {value: hush, isSecret: true}\n")
    (tmp_path / "secrets.yml").write_text("other: quiet\n")
    returned, output = command.run(
        """
        parameters: [{name: word}]
        variables: [{group: keys}]
        steps:
        - bash: echo "v=$(v) p=$(plain) h=$(hidden) s=$(secret) o=$(other) w=${{ parameters.word }}"
        """,
        "--variable=v=1",
        "--secret=secret=x=y",
        f"--secrets={tmp_path}/secrets.yml",
        f"--group=keys={tmp_path}/group.yml",
        "--parameter=word=hello",
    )

    assert returned == 0, output
    assert "v=1 p=p h=*** s=*** o=*** w=hello" in output


def test_control_c_cancels_the_run(command: Command) -> None:
    """The steps that always run still do; exit code 130."""
    process = command.start(
        """
        steps:
        - bash: echo waiting; sleep 60
        - bash: echo cleaned up
          condition: always()
        """,
        "--signal-delays=0.3,0.3",
    )
    read_until(process, "waiting")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Canceling the run." in output
    assert "cleaned up" in output
    assert "canceled: http" in output


def test_a_second_control_c_ends_everything_at_once(command: Command, tmp_path: Path) -> None:
    process = command.start(
        f"""
        steps:
        - bash: trap '' INT TERM; sleep 60 & echo $! > {tmp_path}/pid; echo "wait""ing"; wait
          condition: always()
        """,
        f"--work={tmp_path}/agent",
    )
    read_until(process, "waiting")  # said by the script, not its text, which the log shows before it
    process.send_signal(signal.SIGINT)
    read_until(process, "Canceling the run.")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    pid = int((tmp_path / "pid").read_text())

    assert process.returncode == 130
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_run_can_be_canceled_by_the_clock(command: Command) -> None:
    returned, output = command.run("steps: [{bash: sleep 60}]", "--cancel-after=3", "--signal-delays=0.2,0.2")

    assert returned == 130
    assert "The operation was canceled." in output


def test_the_page_can_stay_up_and_the_state_be_kept(command: Command, tmp_path: Path) -> None:
    """--keep until Ctrl-C; a later command continues with the builds of the file."""
    state, record = tmp_path / "state.sqlite", tmp_path / "record.jsonl"
    process = command.start(
        "steps: [{bash: echo, displayName: a step}]",
        "--keep",
        "--release=ship/qa",
        f"--state={state}",
        f"--record={record}",
    )
    address = read_until(process, "stays at").split("at ")[1].split(" ")[0]
    pages = [address, address.replace("/builds/", "/releases/")]
    page, release = (urllib.request.urlopen(each).read().decode() for each in pages)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    again, output = command.run("steps: [{bash: echo}]", f"--state={state}")

    assert process.returncode == 0
    assert "a step" in page
    assert "ship" in release
    assert ">qa<" in release
    assert record.is_file()
    assert again == 0
    assert "/builds/2" in output
