"""A scoring server for a short time, on a port of this machine that only it has, and ended whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil

from amltasks.notebooks.exits import describe_exit
from amltasks.notebooks.processes import end_all
from amltasks.platforms.local.serving.failures import ends_over_and_over
from amltasks.platforms.local.serving.server import Server, command, variables

_LOOK_SECONDS = 0.05
_PROBE_SECONDS = 1.0
_GRACE_SECONDS = 3.0
_HOST = "127.0.0.1"


class NotReadyError(Exception):
    """It ended before it answered, or did not answer in time. ended: `exit code 3`; empty where it was in time."""

    def __init__(self, ended: str) -> None:
        super().__init__(ended)
        self.ended = ended


class Trial:
    """A server that is ready. seconds: until it was."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path, seconds: float) -> None:
        self._process = process
        self._log = log
        self.address = f"http://{_HOST}:{port}"
        self.seconds = seconds

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    @property
    def ended(self) -> str:
        """How it has ended; empty while it runs."""
        code = self._process.poll()
        return "" if code is None else describe_exit(code)

    @property
    def memory(self) -> int:
        """Bytes of all its processes, resident."""
        total = 0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            for each in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += each.memory_info().rss
        return total


@contextlib.contextmanager
def trial(server: Server, folder: Path, within: float) -> Iterator[Trial]:
    """folder: an existing one, of the server's own; its log is `server.log` there. within: seconds.

    Raises NotReadyError.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    log = folder / "server.log"
    marker = uuid.uuid4().hex
    began = time.monotonic()
    with log.open("wb") as written, socket.create_server((_HOST, 0), backlog=128) as listening:
        port = int(listening.getsockname()[1])
        if os.name == "nt":
            listening.close()
        environment = {**variables(server, home, marker), **_mark_of_launcher()}
        process = subprocess.Popen(
            command(server, home, f"fd://{listening.fileno()}" if os.name != "nt" else f"{_HOST}:{port}"),
            cwd=server.code,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            pass_fds=[listening.fileno()] if os.name != "nt" else [],
            start_new_session=True,
        )
    try:
        _await(process, port, log, began + within)
        yield Trial(process, port, log, time.monotonic() - began)
    finally:
        _end(process)
        end_all(marker, of_ours=False)


def _mark_of_launcher() -> dict[str, str]:
    """By which a task that is killed finds what it has left."""
    name = "AMLTASKS_INVOCATION"
    return {name: os.environ[name]} if name in os.environ else {}


def _await(process: subprocess.Popen[bytes], port: int, log: Path, deadline: float) -> None:
    while True:
        code = process.poll()
        if code is not None:
            raise NotReadyError(describe_exit(code))
        over_and_over = ends_over_and_over(log.read_text("utf-8", "replace"))
        if over_and_over:
            raise NotReadyError(over_and_over)
        if _is_ready(port):
            return
        if time.monotonic() > deadline:
            raise NotReadyError("")
        time.sleep(_LOOK_SECONDS)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
