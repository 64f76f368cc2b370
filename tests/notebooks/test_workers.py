"""Workers that are forked and workers that start by themselves do the same, and nothing passes from one to the next."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from amltasks.platforms.base import CellStarted, NotebookRun, RunEvent, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.platforms.local.nursery import Nursery
from amltasks.platforms.local.workers import Workers
from amltasks.platforms.local.zygotes import Zygotes
from amltasks.report.model import NotebookResult, Outcome
from tests.notebooks.running import notebook_python, start_nursery, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

WORKER = """
import json, os, time
def descriptors():
    fds = sorted(os.readlink(f"/proc/{os.getppid()}/fd/{fd}") for fd in os.listdir(f"/proc/{os.getppid()}/fd"))
    return [os.path.basename(fd.partition(":")[0]) for fd in fds if not fd.startswith("/proc")]
seen = [None]
while len(seen) < 10 or set(map(str, seen[-10:])) != {str(seen[-1])}:  # the channels' sockets take a while to connect
    seen.append(descriptors())
    time.sleep(0.1)
with open(f"/proc/{os.getppid()}/stat") as file:
    parent = file.read().split(") ")[1].split()
with open(f"/proc/{os.getppid()}/status") as file:
    status = dict(line.split(":\\t", 1) for line in file.read().splitlines() if ":\\t" in line)
print(json.dumps({
    "cmdline": open(f"/proc/{os.getppid()}/cmdline").read().split("\\0")[-3:-1],
    "leads its session": parent[3] == str(os.getppid()),
    "cwd": os.readlink(f"/proc/{os.getppid()}/cwd"),
    "environment": sorted(
        line for line in open(f"/proc/{os.getppid()}/environ").read().split("\\0") if line and "PYTEST" not in line
    ),
    "descriptors": seen[-1],
    "ignored": status["SigIgn"], "caught": status["SigCgt"], "blocked": status["SigBlk"], "umask": status["Umask"],
}))
"""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = start_nursery()
    yield nursery
    nursery.close()


def run(folder: Path, cells: list[str], workers: Workers | None, on_event: Any = lambda event: None) -> NotebookResult:
    return asyncio.run(run_async(folder, cells, workers, on_event))


async def run_async(
    folder: Path,
    cells: list[str],
    workers: Workers | None,
    on_event: Any = lambda event: None,
    compute: LocalCompute | None = None,
    stop: Stop | None = None,
) -> NotebookResult:
    folder.mkdir()
    source = write_notebook(folder / "nb.ipynb", cells)
    run = NotebookRun(
        run_id="run",
        source=source,
        notebook="nb.ipynb",
        python=notebook_python(),
        working_directory=folder,
        folder=folder,
    )
    return await (compute or LocalCompute(workers)).run(run, on_event, Stop() if stop is None else stop)


def printed(folder: Path, position: int = 0) -> Any:
    document = json.loads((folder / "executed.ipynb").read_bytes())
    return json.loads("".join(document["cells"][position]["outputs"][0]["text"]))


def test_a_forked_worker_is_a_process_like_one_that_was_started(nursery: Nursery, tmp_path: Path) -> None:
    """Its name, session, folder, environment, descriptors, signals: nobody can tell them apart."""
    run(tmp_path / "forked", [WORKER], Workers(nursery))
    run(tmp_path / "direct", [WORKER], None)

    assert printed(tmp_path / "forked") == printed(tmp_path / "direct")


def test_two_forked_workers_share_no_random_numbers(nursery: Nursery, tmp_path: Path) -> None:
    """What a worker draws shows in the key of its connection and the names of its messages."""
    drawn = "import json\nkernel = get_ipython().kernel\n"
    drawn += "print(json.dumps([kernel.session.key.decode(), kernel.get_parent()['header']['msg_id']]))"
    for name in ("first", "second"):
        run(tmp_path / name, [drawn], Workers(nursery))

    assert not set(printed(tmp_path / "first")) & set(printed(tmp_path / "second"))


def test_each_outcome_is_the_same_forked_and_direct(nursery: Nursery, tmp_path: Path) -> None:
    cells = {
        "passed": ["1 + 1"],
        "failed": ["1 / 0", "2"],
        "dies": ["import os", "os.kill(os.getpid(), 9)"],
        "kills its worker": ["import os, time", "os.kill(os.getppid(), 9); time.sleep(60)"],
    }

    for name, sources in cells.items():
        results = [
            run(tmp_path / f"{name} {how}", sources, Workers(nursery) if how == "forked" else None)
            for how in ("forked", "direct")
        ]
        said = [(result.outcome, [cell.outcome for cell in result.cells], result.notes) for result in results]
        assert said[0] == said[1], name


WHO = "import json\nsession = get_ipython().kernel.session\nprint(json.dumps([session.key.decode(), session.session]))"


@pytest.fixture(scope="module")
def zygotes() -> Iterator[Zygotes]:
    """For kernels that are no children of their workers: nothing is left of those."""
    zygotes = Zygotes()
    zygotes.preload(())
    yield zygotes
    zygotes.close()


def test_a_worker_runs_one_notebook_after_another(nursery: Nursery, zygotes: Zygotes, tmp_path: Path) -> None:
    """But for one that had to ask the interpreter what it is, because its zygote was not there yet."""
    asyncio.run(run_async(tmp_path / "warm", ["1"], None, compute=LocalCompute(Workers(nursery), zygotes)))
    compute, seen = LocalCompute(Workers(nursery), zygotes), WorkersOf(nursery)

    async def both() -> list[NotebookResult]:
        return [await run_async(tmp_path / name, [WHO], None, seen, compute) for name in ("first", "second")]

    results = asyncio.run(both())

    assert [result.outcome for result in results] == [Outcome.PASSED, Outcome.PASSED]
    assert not set(printed(tmp_path / "first")) & set(printed(tmp_path / "second"))
    assert len(seen.pids) == 1
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in seen.pids if psutil.pid_exists(pid)], timeout=60)
    assert alive == []  # it ended with the event loop


def test_a_worker_whose_notebook_was_stopped_runs_the_next_to_its_end(
    nursery: Nursery, zygotes: Zygotes, tmp_path: Path
) -> None:
    compute, stop = LocalCompute(Workers(nursery), zygotes), Stop()

    def stop_it(event: RunEvent) -> None:
        if isinstance(event, CellStarted):
            stop.set("cancelled")

    async def both() -> list[NotebookResult]:
        first = await run_async(tmp_path / "first", ["import time; time.sleep(60)"], None, stop_it, compute, stop)
        return [first, await run_async(tmp_path / "second", ["1"], None, compute=compute)]

    assert [result.outcome for result in asyncio.run(both())] == [Outcome.CANCELLED, Outcome.PASSED]


class WorkersOf:
    """Called with events: which workers a nursery had meanwhile."""

    def __init__(self, nursery: Nursery) -> None:
        self.pids: set[int] = set()
        self._nursery = psutil.Process(nursery.pid)

    def __call__(self, _: RunEvent) -> None:
        self.pids.update(child.pid for child in self._nursery.children())


def test_the_death_of_the_nursery_harms_nothing_that_runs_and_workers_start_directly_from_then_on(
    tmp_path: Path,
) -> None:
    nursery = start_nursery()
    workers = Workers(nursery)

    def kill(event: RunEvent) -> None:
        if isinstance(event, CellStarted):
            os.kill(nursery.pid, signal.SIGKILL)

    first = run(tmp_path / "first", ["import time; time.sleep(0.5)", "1"], workers, kill)
    second = run(tmp_path / "second", ["1"], workers)

    assert (first.outcome, second.outcome) == (Outcome.PASSED, Outcome.PASSED)
    assert first.notes == second.notes == ()


def test_a_nursery_that_hangs_is_ended_and_workers_start_directly(tmp_path: Path) -> None:
    nursery = start_nursery()
    os.kill(nursery.pid, signal.SIGSTOP)

    result = run(tmp_path / "run", ["1"], Workers(nursery))

    assert result.outcome is Outcome.PASSED
    assert not psutil.pid_exists(nursery.pid)


@pytest.mark.parametrize("start", ["", "direct"])
def test_the_command_forks_unless_told_otherwise_and_leaves_no_process(start: str, tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "nb.ipynb", ["import time\ntime.sleep(1)"])
    command = subprocess.Popen(
        [sys.executable, "-m", "amltasks", "run-notebook", notebook.name, "--python", notebook_python()],
        cwd=tmp_path,
        env={**os.environ, "AMLTASKS_START": start},
        stdout=subprocess.PIPE,
    )
    assert command.stdout is not None
    while not command.stdout.readline().startswith(b"running"):
        pass
    family = psutil.Process(command.pid).children(recursive=True)

    assert command.wait() == 0

    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
