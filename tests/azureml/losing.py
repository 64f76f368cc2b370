"""Ways to lose a step: its process, its network or all of Azure is gone once it has made so many requests."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sandbox.faults import Fault
from sandbox.server import Server
from tests.azureml.cloud import Azure
from tests.azureml.steps import Cells, wait_for

NOTEBOOKS: dict[str, Cells] = {"ok": ["print(1)"], "slow": ["import time; time.sleep(5)"], "bad": ["1 / 0"]}
OUTCOMES = {"ok": "passed", "slow": "passed", "bad": "failed"}


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
WAYS: dict[str, Lost] = {"killed": killed, "without network": without_network, "refused": refused, "reset": reset}


def cancelled(process: subprocess.Popen[str]) -> None:
    """As a build is that somebody cancels because nothing happens any more."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    log, _ = process.communicate(timeout=60)
    assert not re.search(r"^Traceback", log, re.MULTILINE), log  # those of cells are indented


def interrupt(azure: Azure, repo: Path, inputs: dict[str, str], requests: int) -> subprocess.Popen[str]:
    """A step that has made so many requests, or has ended."""
    process = azure.start(azure.job(repo, inputs))
    wait_for(lambda: len(azure.world.journal.exchanges) >= requests or process.poll() is not None)
    return process


def active(azure: Azure) -> list[str]:
    return [job.id for job in azure.jobs() if not job.has_ended]
