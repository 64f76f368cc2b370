"""Kernels in tests: forked or started directly, spoken to cell by cell through the real client."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from amltasks.kernels.command import LAUNCHER
from amltasks.kernels.forking import fork_kernel
from amltasks.kernels.zygote import Zygote

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("matplotlib.figure", "numpy", "pandas", "pyarrow", "scipy.stats", "sklearn.linear_model")


def notebook_python() -> str:
    """The interpreter that has ipykernel and the data science libraries; AMLTASKS_TEST_PYTHON names another one."""
    return os.environ.get("AMLTASKS_TEST_PYTHON", str(ROOT / "build" / "env" / "notebooks" / "bin" / "python"))


def environment(**added: str) -> dict[str, str]:
    """That of this process, without what only concerns it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
    return {**kept, **added}


@dataclass
class Told:
    """What a cell made: text on stdout and stderr and as result, the name of its error, MIME types it displayed.

    longest: characters of the longest message with text of stdout or stderr.
    """

    text: str = ""
    longest: int = 0
    error: str = ""
    shown: set[str] = field(default_factory=set)

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Process(Protocol):
    pid: int

    def wait(self, timeout: float | None = None) -> int: ...


class Kernel:
    """A kernel that answers. process: how it was made; output: what its process wrote on stdout and stderr."""

    def __init__(self, process: Process, client: BlockingKernelClient, output: Path) -> None:
        self.process = process
        self.pid = process.pid
        self._client = client
        self._output = output

    def run(self, source: str, timeout: float = 60) -> Told:
        """Executes a cell and waits for all of its output. Raises queue.Empty when the kernel says nothing more."""
        told = Told()

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                told.text += content["text"]
                told.longest = max(told.longest, len(content["text"]))
            elif message["msg_type"] == "error":
                told.error = content["ename"]
                told.text += "\n".join(content["traceback"])
            elif "data" in content:
                told.shown |= set(content["data"])
                told.text += content["data"].get("text/plain", "")

        self._client.execute_interactive(source, timeout=timeout, output_hook=hear, allow_stdin=False)
        return told

    def send(self, source: str) -> None:
        """Has a cell begin, and does not wait for it."""
        self._client.execute(source, stop_on_error=False)

    def end(self) -> int:
        """Asks the kernel to shut down; its exit code."""
        self._client.shutdown()
        return self.process.wait(60)

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8", "replace")


@contextlib.contextmanager
def forked(
    zygote: Zygote, folder: Path, variables: Mapping[str, str] | None = None, **options: Any
) -> Iterator[Kernel]:
    """A kernel forked from the zygote; ended at the end of the block."""
    with _connected() as (argv, output, connect), output.open("wb") as file:
        descriptor = file.fileno()
        process = fork_kernel(
            zygote.address,
            argv,
            cwd=folder,
            environment=variables or environment(),
            stdout=descriptor,
            stderr=descriptor,
            **{"timeout": 60, "patience": 60, **options},
        )
        try:
            yield Kernel(process, connect(), output)
        finally:
            process.close()


@contextlib.contextmanager
def direct(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Kernel]:
    """The same kernel, started."""
    variables = {**(variables or environment()), "JPY_PARENT_PID": str(os.getpid())}
    with _connected() as (argv, output, connect), output.open("wb") as file:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Kernel(process, connect(), output)
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _connected() -> Iterator[tuple[list[str], Path, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="amlt-"))
    _, info = write_connection_file(str(folder / "kernel.json"), transport="ipc", ip=str(folder / "k"), key=b"key")
    client = BlockingKernelClient()
    client.load_connection_info({**info, "key": b"key"})

    def connect() -> BlockingKernelClient:
        client.start_channels(stdin=False, hb=False)
        client.wait_for_ready(timeout=60)
        return client

    argv = [notebook_python(), str(LAUNCHER), "-f", str(folder / "kernel.json"), "--HistoryManager.hist_file=:memory:"]
    try:
        yield argv, folder / "output", connect
    finally:
        client.stop_channels()
        client.context.destroy(linger=0)
        shutil.rmtree(folder, ignore_errors=True)


def gone(pid: int, within: float = 60.0) -> bool:
    """Whether a process ends within some seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def memory_holds(pid: int, needle: bytes) -> bool:
    """Whether the text is anywhere in what a process can write to."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123  not a file of any size
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            start, end = (int(bound, 16) for bound in place.split("-"))
            if "rw" not in rights:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                memory.seek(start)
                if needle in memory.read(end - start):
                    return True
    return False
