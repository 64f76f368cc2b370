"""A child process as the agent runs it: lines of both streams to one place, signals to it alone on a cancel."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from sandbox.agent.cancellation import Cancellation
from sandbox.agent.errors import Canceled, StepError

LOOKUP = "VSTS_PROCESS_LOOKUP_ID"


@dataclass(frozen=True)
class Timing:
    """How fast the agent's clocks go, in seconds; the defaults are the real agent's.

    interrupt, terminate: patience after SIGINT and after SIGTERM. streams: how long output is awaited from what an
    ended process has left behind. forced: what `task.complete done=true` still grants. minute: length of a minute
    of the YAML. retry: factor on the delays between attempts.
    """

    interrupt: float = 7.5
    terminate: float = 2.5
    streams: float = 5.0
    forced: float = 5.0
    minute: float = 60.0
    retry: float = 1.0


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
    cancellation: Cancellation,
    released: Cancellation,
    timing: Timing,
) -> int | None:
    """Run to the end; returns the exit code (128 + n for signal n), or None where `released` came before the end.

    Canceled: raised after the process ended because of a cancellation, whatever it made of it.
    StepError: the process cannot be started.
    """
    try:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            start_new_session=True,  # a Ctrl-C at the terminal is for the agent, which cancels in its own order
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the environment or the arguments
        raise StepError(f"An error occurred trying to start process '{command[0]}': {error}") from error
    wake, exited = threading.Event(), threading.Event()
    reading = _Reading(on_line)
    assert process.stdout is not None
    assert process.stderr is not None
    readers = [reading.start(process.stdout), reading.start(process.stderr)]

    def await_exit() -> None:
        process.wait()
        exited.set()
        wake.set()

    threading.Thread(target=await_exit, daemon=True).start()
    with cancellation.telling(wake.set), released.telling(wake.set):
        wake.wait()
    if not exited.is_set() and cancellation.requested:
        _stop(process, exited, timing)
    if exited.is_set():
        reading.finish(readers, timing.streams)
    reading.closed = True
    if reading.failure is not None:
        raise reading.failure
    if cancellation.requested:
        raise Canceled
    return _exit_code(process.returncode) if exited.is_set() else None


def _stop(process: subprocess.Popen[bytes], exited: threading.Event, timing: Timing) -> None:
    """SIGINT, patience, SIGTERM, patience, SIGKILL, each to this process alone; Windows has a tree to kill."""
    if sys.platform == "win32":
        process.send_signal(signal.CTRL_BREAK_EVENT)
        if not exited.wait(timing.interrupt + timing.terminate):
            for child in (*psutil.Process(process.pid).children(recursive=True), process):
                child.kill()
    else:
        for each, patience in ((signal.SIGINT, timing.interrupt), (signal.SIGTERM, timing.terminate)):
            process.send_signal(each)
            if exited.wait(patience):
                return
        process.kill()
    exited.wait()


def _exit_code(returncode: int) -> int:
    return returncode if returncode >= 0 else 128 - returncode


class _Reading:
    """Both streams, line by line, one line at a time; a lone carriage return ends a line too."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._lock = threading.Lock()
        self.closed = False
        self.failure: Exception | None = None  # what on_line raised; the output is read on, so that nobody blocks

    def start(self, stream: IO[bytes]) -> threading.Thread:
        thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        thread.start()
        return thread

    def finish(self, readers: Sequence[threading.Thread], patience: float) -> None:
        """Wait for the rest of the output, which a grandchild may hold open."""
        end = time.monotonic() + patience
        for reader in readers:
            reader.join(max(0.0, end - time.monotonic()))

    def _read(self, stream: IO[bytes]) -> None:
        for line in io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline=None):
            with self._lock:
                if self.closed:
                    return
                if self.failure is None:
                    self._take(line.rstrip("\n"))

    def _take(self, line: str) -> None:
        try:
            self._on_line(line)
        except Exception as error:
            self.failure = error


def end_leftovers(lookup_id: str) -> list[tuple[int, str]]:
    """Kill every process whose environment carries this job's lookup id; returns their ids and names."""
    ended = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get(LOOKUP) == lookup_id:
                ended.append((process, process.name()))
                process.kill()
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or belongs to somebody else
    psutil.wait_procs([process for process, _ in ended], timeout=1)
    return [(process.pid, name) for process, name in ended]
