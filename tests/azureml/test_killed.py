"""The task's process, its network or all of Azure gone at any point: the next start ends with every result once, and no
job is left running."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from sandbox.faults import Fault
from sandbox.server import Server
from tests.azureml.cloud import Azure
from tests.azureml.steps import Cells, Ended, repository, wait_for

NOTEBOOKS: dict[str, Cells] = {"ok": ["print(1)"], "slow": ["import time; time.sleep(5)"], "bad": ["1 / 0"]}
OUTCOMES = {"ok": "passed", "slow": "passed", "bad": "failed"}
POINTS = range(2, 52, 5)  # requests that were made by then, of the sixty or so of a whole run


@contextmanager
def killed(azure: Azure, process: subprocess.Popen[str]) -> Iterator[None]:
    process.kill()
    process.communicate()
    yield


@contextmanager
def without_network(azure: Azure, process: subprocess.Popen[str]) -> Iterator[None]:
    """The build is cancelled then; the network comes back."""
    port = int(azure.server.base_url.rpartition(":")[2])
    azure.server.stop()
    cancelled(process)
    with Server(azure.world, port):
        yield


@contextmanager
def refused(azure: Azure, process: subprocess.Popen[str]) -> Iterator[None]:
    """Every request, by whatever service."""
    azure.world.faults.add(Fault(status=503))
    cancelled(process)
    azure.world.faults.clear()
    yield


@contextmanager
def reset(azure: Azure, process: subprocess.Popen[str]) -> Iterator[None]:
    """Every connection."""
    azure.world.faults.add(Fault(reset=True))
    cancelled(process)
    azure.world.faults.clear()
    yield


Lost = Callable[[Azure, subprocess.Popen[str]], AbstractContextManager[None]]
WAYS: tuple[Lost, ...] = (killed, without_network, refused, reset)


def cancelled(process: subprocess.Popen[str]) -> None:
    """As a build is that somebody cancels because nothing happens any more."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    log, _ = process.communicate(timeout=60)
    assert not re.search(r"^Traceback", log, re.MULTILINE), log  # those of cells are indented


def interrupt(azure: Azure, repo: Path, output: Path, requests: int, **variables: str) -> subprocess.Popen[str]:
    """A step that has made so many requests, or has ended."""
    process = azure.start(azure.job(repo, {"outputFolder": str(output)}, **variables))
    wait_for(lambda: len(azure.world.journal.exchanges) >= requests or process.poll() is not None)
    return process


@pytest.mark.long
@pytest.mark.parametrize("requests", POINTS)
@pytest.mark.parametrize("lost", WAYS, ids=["killed", "without network", "refused", "reset"])
def test_the_same_attempt_tried_again_has_every_result_once(
    azure: Azure,
    repo: Path,
    tmp_path: Path,
    step: Callable[..., Ended],
    lost: Lost,
    requests: int,
) -> None:
    repository(repo, NOTEBOOKS)
    process = interrupt(azure, repo, tmp_path / "lost", requests)

    with lost(azure, process):
        ended = step()

    assert ended.outcomes == OUTCOMES, ended.log
    assert active(azure) == []
    done = [job.display_name for job in azure.jobs() if job.status == "Completed"]
    assert sorted(done) == ["nb/ok.ipynb", "nb/slow.ipynb"]


@pytest.mark.long
@pytest.mark.parametrize("requests", POINTS)
@pytest.mark.parametrize("lost", WAYS, ids=["killed", "without network", "refused", "reset"])
def test_the_next_build_cancels_what_is_left_and_has_results_of_its_own(
    azure: Azure,
    repo: Path,
    tmp_path: Path,
    step: Callable[..., Ended],
    lost: Lost,
    requests: int,
) -> None:
    repository(repo, NOTEBOOKS)
    process = interrupt(azure, repo, tmp_path / "lost", requests)

    with lost(azure, process):
        ended = step({"cancelSuperseded": "true"}, Build_BuildId="43")

    assert ended.outcomes == OUTCOMES, ended.log
    wait_for(lambda: active(azure) == [])
    own = [job.display_name for job in azure.jobs() if job.tags["amltasks.build"] == "43"]
    assert sorted(own) == ["nb/bad.ipynb", "nb/ok.ipynb", "nb/slow.ipynb"]


def active(azure: Azure) -> list[str]:
    return [job.id for job in azure.jobs() if not job.has_ended]
