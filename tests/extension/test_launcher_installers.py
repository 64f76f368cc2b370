"""The installers of the task's own Python environment: uv where there is one, pip elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from pathlib import Path

import pip
import pytest

from tests.extension.conftest import MakeTask, Mirror
from tests.extension.launching import BASE_PYTHON, RECORDER, Agent, Ended, seen, variables
from tests.extension.tasks import change_payload, make_task

PREPARING = "##[group]Preparing the task's Python environment"
# Starts the real Python, which then believes that it is this file: a Debian without python3-venv.
WITHOUT_VENV = f"""#!/bin/bash
case "$*" in *"-m venv"*|*"-m uv"*)
  echo "The virtual environment was not created successfully because ensurepip is not" >&2
  echo "available.  On Debian/Ubuntu systems, you need to install the python3-venv package" >&2
  exit 1;;
esac
exec -a "$0" {BASE_PYTHON} "$@"
"""
# Starts the real Python, but its environments borrow their pip, which else takes most of the time.
OWN_PIP = Path(pip.__file__).parent
WITH_PIP_AT_HAND = f"""#!/bin/bash
if [ "$2 $3" != "-m venv" ]; then exec -a "$0" {BASE_PYTHON} "$@"; fi
{BASE_PYTHON} -I -m venv --without-pip "$4" && exec /bin/ln -s {OWN_PIP} "$4"/lib/python*/site-packages/
"""


@pytest.fixture(scope="module")
def made_by_pip(tmp_path_factory: pytest.TempPathFactory, launcher: Path, links: Path) -> tuple[Agent, Ended]:
    """An agent without uv, after its first step. The folder of its packages has a name that is a logging command."""
    folder = tmp_path_factory.mktemp("pip")
    packages = Path(shutil.copytree(links, folder / "##vso[task.setprogress]y"))
    agent = Agent(folder / "agent", folder / "tools", {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages)})
    return agent, agent.has_python().run(make_task(folder / "task", launcher, RECORDER, links))


@pytest.mark.xdist_group("pip")
def test_pip_makes_it_where_there_is_no_uv(made_by_pip: tuple[Agent, Ended]) -> None:
    """The locked packages and our wheel are installed, in one folded group of the log."""
    agent, ended = made_by_pip

    assert ended.code == 0, ended.output
    group = ended.output[ended.output.index(PREPARING) : ended.output.index("##[endgroup]")]
    assert "Successfully installed locked-1.0" in group
    assert re.search(r"Ready after \d+\.\d s: ", group)
    (environment,) = agent.environments
    assert seen(agent)["prefix"] == str(environment)


@pytest.mark.xdist_group("pip")
def test_an_installers_output_is_no_logging_command(made_by_pip: tuple[Agent, Ended]) -> None:
    """pip repeats the settings it was given; the agent obeys a command anywhere in a line."""
    _, ended = made_by_pip

    assert "# #vso[task.setprogress]y" in ended.output
    assert "##vso[task.setprogress" not in ended.output


@pytest.mark.xdist_group("pip")
def test_our_wheel_is_installed_as_it_was_packed(made_by_pip: tuple[Agent, Ended]) -> None:
    """With a record of its files, as pip wants it to find and remove them; nothing is left of the unpacking."""
    agent, _ = made_by_pip

    (record,) = agent.environments[0].glob("lib/*/site-packages/ownpackage-1.0.dist-info/RECORD")
    module = record.parent.parent / "ownpackage" / "__init__.py"
    digest = base64.urlsafe_b64encode(hashlib.sha256(module.read_bytes()).digest()).rstrip(b"=").decode()
    assert f"ownpackage/__init__.py,sha256={digest},{module.stat().st_size}" in record.read_text().splitlines()
    assert list(agent.temp.glob("amltasks-*")) == []


def test_a_package_that_does_not_match_its_hash_is_refused(agent: Agent, task: MakeTask) -> None:
    """Neither installer takes it; the error names both; no environment appears."""
    folder = task(RECORDER)
    change_payload(folder, "locks", lambda lock: re.sub(r"sha256:\w{8}", "sha256:00000000", lock))

    ended = agent.has_program("python3", WITH_PIP_AT_HAND).has_uv().run(folder)

    assert ended.completions == [f"result=Failed;]{ended.error}"]
    assert "uv ended with 1" in ended.error
    assert "pip ended with 1: " in ended.error
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in ended.output
    assert agent.environments == []
    assert not (agent.temp / "seen.json").exists()


def test_an_index_out_of_reach_is_one_sentence_after_two_tries(agent: Agent, task: MakeTask) -> None:
    """The network is down: it is said what pip said, and what to do about it."""
    unreachable = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}

    ended = agent.has_program("python3", WITH_PIP_AT_HAND).run(task(RECORDER), **unreachable)

    assert ended.code == 0
    assert ended.completions == [f"result=Failed;]{ended.error}"]
    assert ended.error.startswith("The Python environment that the task runs in could not be made: pip ended with 1: ")
    assert "No matching distribution found for locked==1.0" in ended.error
    assert ended.error.endswith("a mirror that pip's or uv's configuration names.")
    assert ended.output.count("Trying with pip in 3 s.") == 1
    assert "Connection refused" in ended.error


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_the_mirror_that_the_job_names_to_pip_is_used(
    tmp_path: Path, task: MakeTask, mirror: Mirror, installer: str
) -> None:
    """PipAuthenticate sets PIP_INDEX_URL for the job; uv is told the same."""
    agent = Agent(tmp_path / "agent", tmp_path / "tools", {"PIP_INDEX_URL": mirror.url})
    agent.has_program("python3", WITH_PIP_AT_HAND)

    ended = (agent.has_uv() if installer == "uv" else agent).run(task(RECORDER))

    assert ended.code == 0, ended.output
    assert "Not done" not in ended.output
    assert any(request.startswith(installer) for request in mirror.seen)


def test_the_agents_proxy_is_used_with_its_credentials(tmp_path: Path, task: MakeTask, mirror: Mirror) -> None:
    """The agent does not set HTTPS_PROXY for its jobs. Beside task-lib's debug lines nothing shows the password."""
    agent = Agent(tmp_path / "agent", tmp_path / "tools", {"PIP_INDEX_URL": "https://index.invalid/simple"})
    proxy = {"Agent.ProxyUrl": mirror.url, "Agent.ProxyUsername": "me"}

    ended = (
        agent.has_program("python3", WITH_PIP_AT_HAND)
        .has_uv()
        .run(
            task(RECORDER),
            **variables(public=proxy, secret={"Agent.ProxyPassword": "p@ss:word"}),
            PIP_RETRIES="0",
            UV_HTTP_RETRIES="0",
        )
    )

    credentials = base64.b64encode(b"me:p@ss:word").decode()
    assert any(f"index.invalid:443 Basic {credentials}" in request for request in mirror.seen)
    assert "p@ss" not in re.sub(r"(?m)^##vso\[task.debug\].*", "", ended.output)


def test_a_python_without_venv_is_told_apart(agent: Agent, task: MakeTask) -> None:
    """The sentence names the Debian package."""
    ended = agent.has_program("python3", WITHOUT_VENV).run(task(RECORDER))

    assert re.search(r"Python 3\.\d+\.\d+ \(.*/bin/python3\) lacks the module venv", ended.error)
    assert re.search(r"python3\.\d+-venv;", ended.error)


def test_uv_needs_no_venv_module(agent: Agent, task: MakeTask) -> None:
    ended = agent.has_program("python3", WITHOUT_VENV).has_uv().run(task(RECORDER))

    assert ended.code == 0, ended.output
    assert seen(agent)["stdin"]["task"]["name"] == "Probe"
