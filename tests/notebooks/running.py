"""Runs notebooks in tests the way a command does: `LocalCompute`, real workers, real kernels."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from amltasks.kernels.switch import forks_wanted
from amltasks.platforms.base import NotebookRun, RunEvent, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.platforms.local.nursery import Nursery
from amltasks.platforms.local.workers import Workers
from amltasks.platforms.local.zygotes import Zygotes
from amltasks.report.model import NotebookResult

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "notebooks"


def notebook_python() -> str:
    """The interpreter that has ipykernel and the data science libraries; AMLTASKS_TEST_PYTHON names another one."""
    if "AMLTASKS_TEST_PYTHON" in os.environ:
        return os.environ["AMLTASKS_TEST_PYTHON"]
    folder = ROOT / "build" / "env" / "notebooks"
    return str(folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python")


def code(source: str, *tags: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)} if tags else {},
        "execution_count": None,
        "outputs": [],
        "source": source,
    }


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def write_notebook(path: Path, cells: Sequence[dict[str, Any] | str], **metadata: Any) -> Path:
    """A notebook of these cells; text stands for a code cell."""
    numbered = [
        {"id": f"c{number}", **(code(cell) if isinstance(cell, str) else cell)} for number, cell in enumerate(cells)
    ]
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": numbered}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


_NURSERY = """
import socket, sys
from amltasks.notebooks.worker import main
from amltasks.platforms.local.nursery import serve
print("ready", flush=True)
serve(socket.socket(fileno=int(sys.argv[1])), main)
"""


def left_in(folder: Path) -> list[psutil.Process]:
    """Processes that work in this folder. Those that were killed may take a while to end on a busy machine."""

    def there() -> list[psutil.Process]:
        return [each for each in psutil.process_iter(["cwd"]) if Path(each.info["cwd"] or "").is_relative_to(folder)]

    deadline = time.monotonic() + 60
    while there() and time.monotonic() < deadline:
        time.sleep(0.05)
    return there()


def start_nursery() -> Nursery:
    """One that is started and ready: this process has threads, and must not be copied."""
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with asked:
        command = [sys.executable, "-c", _NURSERY, str(asked.fileno())]
        # In a test of its own ipykernel leaves the descriptors alone: what children print would not reach their cell.
        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=environment, stdout=pipe, pass_fds=[asked.fileno()])
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == b"ready\n"
    return Nursery(process.pid, asking)


def compute() -> LocalCompute:
    """As the command's: forked workers and kernels where there are forks, unless AMLTASKS_START says otherwise."""
    return _compute(tuple(sorted((name, value) for name, value in os.environ.items() if not name.startswith("PYTEST"))))


@cache
def _compute(_: tuple[tuple[str, str], ...]) -> LocalCompute:
    """One for each environment: forked workers have that of their nursery."""
    if sys.platform != "linux" or not forks_wanted():
        return LocalCompute()
    zygotes = Zygotes()
    zygotes.preload(())
    found = LocalCompute(Workers(start_nursery()), zygotes)
    atexit.register(found.close)
    return found


@dataclass
class Ran:
    """A finished run: its result and all that was told meanwhile."""

    result: NotebookResult
    events: list[RunEvent] = field(default_factory=list)

    @property
    def notebook(self) -> dict[str, Any]:
        """The executed notebook as it is on disk."""
        assert self.result.folder is not None
        document: dict[str, Any] = json.loads((self.result.folder / "executed.ipynb").read_bytes())
        return document

    @property
    def log(self) -> str:
        assert self.result.folder is not None
        return (self.result.folder / "console.log").read_text(encoding="utf-8")

    def output(self, position: int) -> str:
        """All text of a cell's stream outputs."""
        outputs = self.notebook["cells"][position]["outputs"]
        return "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")


def run_notebook(source: Path, folder: Path, **settings: Any) -> Ran:
    """Runs one notebook in a folder of its own below `folder`."""
    return asyncio.run(run_async(source, folder, **settings))


async def run_async(
    source: Path,
    folder: Path,
    stop: Stop | None = None,
    on_event: Callable[[RunEvent], None] = lambda event: None,
    **settings: Any,
) -> Ran:
    target = folder / f"run-{source.stem[:40]}"
    target.mkdir(parents=True)
    run = NotebookRun(
        **{
            "run_id": "run",
            "source": source,
            "notebook": source.name,
            "python": notebook_python(),
            "working_directory": source.parent,
            "folder": target,
            **settings,
        }
    )
    events: list[RunEvent] = []

    def emit(event: RunEvent) -> None:
        events.append(event)
        on_event(event)

    return Ran(await compute().run(run, emit, Stop() if stop is None else stop), events)
