"""`python -m sandbox serve`, as people start it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[3]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    """What the command prints, by the first word of each line, while it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = {}
        while "token" not in told:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            told[line.split()[0]] = line.split()[-1]
        yield told, process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_its_address_and_a_token_and_ends_on_a_signal(ended_by: signal.Signals) -> None:
    with serving() as (told, process):
        page = requests.get(told["web"], timeout=60)
        runs = requests.get(f"{told['collection']}demo/_apis/test/runs", auth=("", told["token"]), timeout=60)
        process.send_signal(ended_by)

        assert process.wait(60) == 0
        assert (page.status_code, runs.status_code) == (200, 200)


def test_state_record_faults_and_repositories_are_given_as_options(tmp_path: Path) -> None:
    state, record = tmp_path / "state.sqlite", tmp_path / "record.jsonl"
    options = [
        "--state",
        str(state),
        "--record",
        str(record),
        "--fault",
        "{path: '*/test/runs', nth: 2, status: 429}",
        "--repository",
        f"code={ROOT}",
    ]
    with serving(*options) as (told, process):
        runs = f"{told['collection']}demo/_apis/test/runs?api-version=7.1"
        answers = [
            requests.post(runs, json={"name": "x"}, auth=("", told["token"]), timeout=60).status_code for _ in range(2)
        ]
        repositories = requests.get(
            f"{told['collection']}demo/_apis/git/repositories?api-version=7.1", auth=("", told["token"]), timeout=10
        ).json()
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    with serving("--state", str(state)) as (told, _):
        kept = requests.get(f"{told['collection']}demo/_apis/test/runs", auth=("", told["token"]), timeout=60).json()

    assert answers == [200, 429]
    assert [each["name"] for each in repositories["value"]] == ["code"]
    assert kept["count"] == 1
    assert len(record.read_text().splitlines()) == 3


@pytest.mark.parametrize("options", [["--fault", "{nth: often}"], ["--faults", "none.yml"], ["--repository", "x=none"]])
def test_what_cannot_be_done_is_said_in_a_sentence(options: list[str]) -> None:
    command = [sys.executable, "-m", "sandbox", "serve", *options]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("The sandbox cannot serve")
