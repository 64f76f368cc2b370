"""The task's own Python environment: found, made, shared, mended."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Literal

import pytest

from tests.extension.conftest import MakeTask
from tests.extension.launching import BASE_PYTHON, RECORDER, Agent, finish, inputs, seen, wait_for
from tests.extension.tasks import change_payload

PREPARING = "##[group]Preparing the task's Python environment"


def test_the_sdk_of_azure_ml_comes_only_with_its_platform(agent: Agent, task: MakeTask) -> None:
    """Each platform has the environment of its own lock."""
    folder = task(RECORDER)
    agent.has_python().has_uv()

    prefixes = []
    for platform in ("", "agent", "azureml", " AzureML", "azureml-v1"):
        assert agent.run(folder, **inputs(platform=platform)).code == 0
        prefixes.append(seen(agent)["prefix"])

    assert len(agent.environments) == 3
    assert prefixes[0] == prefixes[1] != prefixes[2] == prefixes[3] != prefixes[4] != prefixes[0]


def test_a_ready_environment_is_used_in_silence(used_agent: Agent, task: MakeTask) -> None:
    folder = task(RECORDER)
    used_agent.run(folder)

    ended = used_agent.run(folder)

    assert ended.code == 0
    assert [line for line in ended.output.splitlines() if not line.startswith("##vso[task.debug]")] == []


def test_python_starts_within_a_quarter_of_a_second_when_all_is_ready(used_agent: Agent, task: MakeTask) -> None:
    """From the start of Node to Python's first line; at best, for other tests run beside this one."""
    folder = task("import time, os, pathlib; pathlib.Path(os.environ['STARTED']).write_text(repr(time.time()))")
    file = used_agent.temp / "started"
    used_agent.run(folder, STARTED=str(file))

    def seconds() -> float:
        before = time.time()
        used_agent.run(folder, STARTED=str(file))
        return float(file.read_text()) - before

    assert any(seconds() < 0.25 for _ in range(60))


def test_two_jobs_at_once_end_with_one_environment(agent: Agent, task: MakeTask) -> None:
    """Both succeed, neither waits for the other, and nothing is left of the slower one's work."""
    folder = task(RECORDER)
    agent.has_python().has_uv()

    both = [finish(launcher) for launcher in [agent.start(folder), agent.start(folder)]]

    assert [ended.code for ended in both] == [0, 0], both
    assert len(agent.environments) == 1


@pytest.mark.parametrize("lost", ["bin/python", "lib/*/site-packages/locked/data.txt", "ready.json"])
def test_an_environment_that_lost_a_file_is_made_anew(agent: Agent, task: MakeTask, lost: str) -> None:
    """The next generation takes its place; the broken one is left to those who may still run in it."""
    folder = task(RECORDER)
    agent.has_python().has_uv().run(folder)
    (broken,) = agent.environments
    next(broken.glob(lost)).unlink()

    ended = agent.run(folder)

    assert ended.code == 0, ended.output
    assert f"Files have gone from {broken}: it is made anew." in ended.output
    assert seen(agent)["prefix"] == str(broken).removesuffix("-1") + "-2"
    assert PREPARING not in agent.run(folder).output


def test_byte_code_that_python_adds_does_not_matter(agent: Agent, task: MakeTask) -> None:
    folder = task(RECORDER)
    agent.has_python().has_uv().run(folder)
    shutil.rmtree(next(agent.environments[0].glob("lib/*/site-packages/locked/__pycache__")))

    assert PREPARING not in agent.run(folder).output


@pytest.mark.parametrize("part", ["locks", "files"])
def test_another_lock_or_wheel_means_another_environment(
    agent: Agent, task: MakeTask, part: Literal["locks", "files"]
) -> None:
    folder = task(RECORDER)
    agent.has_python().has_uv().run(folder)
    change_payload(folder, part, lambda text: f"{text}\n")

    assert PREPARING in agent.run(folder).output
    assert len(agent.environments) == 2


def test_no_python_is_one_sentence(agent: Agent, task: MakeTask) -> None:
    ended = agent.run(task(RECORDER))

    assert ended.code == 0
    assert ended.completions == [f"result=Failed;]{ended.error}"]
    assert ended.error.startswith("No Python 3.10 or newer is on PATH: put the task UsePythonVersion@0 before this one")


def test_without_a_python_on_path_the_one_of_the_notebooks_serves(agent: Agent, task: MakeTask) -> None:
    ended = agent.has_uv().run(task(RECORDER), **inputs(python=str(BASE_PYTHON)))

    assert ended.code == 0, ended.output
    assert seen(agent)["isolated"] == 1


def test_a_python_that_is_too_old_or_broken_is_named(agent: Agent, task: MakeTask) -> None:
    agent.has_program("python3", "#!/bin/sh\nprintf '%s\\n' /opt/python3 3.8.10 identity\n")
    agent.has_program("python", "#!/bin/sh\necho 'pyenv: python: command not found' >&2\nexit 127\n")

    error = agent.run(task(RECORDER)).error

    assert f"({agent.path}/python3 is 3.8.10, {agent.path}/python cannot be run)" in error


def test_a_newer_python_beside_an_old_one_is_taken(agent: Agent, task: MakeTask) -> None:
    """A `python3.11` counts where `python3` is too old."""
    agent.has_program("python3", "#!/bin/sh\nprintf '%s\\n' /opt/python3 3.8.10 identity\n").has_uv()
    (agent.path / "python3.11").symlink_to(BASE_PYTHON)

    assert agent.run(task(RECORDER)).code == 0
    assert seen(agent)["argv"]


def test_what_stands_first_on_path_is_taken(agent: Agent, task: MakeTask) -> None:
    """UsePythonVersion and activated environments put their folder first, perhaps with a `python` only."""
    first = agent.folder / "first"
    first.mkdir()
    (first / "python").symlink_to(BASE_PYTHON)
    agent.has_program("python3", "#!/bin/sh\nexit 1\n").has_uv()

    ended = agent.run(task(RECORDER), PATH=f"{first}{os.pathsep}{agent.path}")

    assert ended.code == 0, ended.output


def test_without_a_tools_folder_the_jobs_temporary_one_is_used(agent: Agent, task: MakeTask) -> None:
    agent.has_python().has_uv()
    agent.tools.write_text("a file where the folder should be")

    ended = agent.run(task(RECORDER))

    assert ended.code == 0, ended.output
    assert Path(seen(agent)["prefix"]).parent == agent.temp / "amltasks"


def test_without_any_folder_it_is_said(agent: Agent, task: MakeTask) -> None:
    """As a task the launcher has both folders; started by hand it has none."""
    ended = agent.has_python().run(task(RECORDER), AGENT_TOOLSDIRECTORY="", AGENT_TEMPDIRECTORY="")

    assert ended.error.endswith("could be written to: Agent.ToolsDirectory and Agent.TempDirectory are not set.")


def test_what_dead_jobs_left_is_taken_away_and_what_living_ones_make_is_not(agent: Agent, task: MakeTask) -> None:
    """An unfinished environment counts as abandoned when its time stamp has not been renewed for long."""
    root = agent.tools / "amltasks"
    dead, alive, unused = root / "aaaa.new-00000000", root / "bbbb.new-00000000", root / "cccc-1"
    for folder in (dead, alive, unused):
        folder.mkdir(parents=True)
    (unused / "ready.json").write_text("{}")
    os.utime(dead, (time.time() - 3600,) * 2)
    os.utime(unused / "ready.json", (time.time() - 31 * 24 * 3600,) * 2)

    agent.has_python().has_uv().run(task(RECORDER))

    assert [folder.name for folder in agent.environments if folder.name.startswith(("aaaa", "bbbb", "cccc"))] == [
        alive.name
    ]


def test_using_an_environment_keeps_it_from_being_taken_away(agent: Agent, task: MakeTask) -> None:
    folder = task(RECORDER)
    agent.has_python().has_uv().run(folder)
    marker = agent.environments[0] / "ready.json"
    os.utime(marker, (time.time() - 40 * 24 * 3600,) * 2)

    agent.run(folder)

    assert time.time() - marker.stat().st_mtime < 60
    assert json.loads(marker.read_text())["files"] > 3
    assert wait_for(agent.temp / "seen.json")
