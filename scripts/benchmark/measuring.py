"""One command, measured: time on the clock, CPU time and memory of all processes that it starts."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmark.cpu_account import CpuAccount

SAMPLE_SECONDS = 0.02
SECONDS_TO_END = 5.0  # for what the command leaves behind; then it is ended, and the measurement is of no use
_PR_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.005


class BenchError(Exception):
    """The command did not do what was to be measured; the message says what it did."""


@dataclass(frozen=True)
class Measurement:
    """began: `time.monotonic()`. seconds: from start to end. cpu: seconds of all processes, user and system; None where
    this user may not have them counted.

    memory: largest sum of PSS over all processes, in bytes, and the same over those that are no kernels; None where
    memory was not watched.
    """

    began: float
    seconds: float
    cpu: float | None
    memory: int | None = None
    memory_without_kernels: int | None = None
    exit_code: int = 0

    def until(self, moment: float) -> Measurement:
        """The same command, measured until a `time.monotonic()` that it reached before its end."""
        return replace(self, seconds=moment - self.began)


def measure(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    kernel: str = "",
    watch_memory: bool = False,
) -> Measurement:
    """Run a command to its end and the end of everything it started.

    kernel: the interpreter of kernels, by which their processes are known. watch_memory: costs time of the machine, so
    seconds measured with it do not count. Raises BenchError for processes that outlive the command.
    """
    _adopt_orphans()
    account = CpuAccount.open()
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=account.enter if account else None,
        )
        watch = _MemoryWatch(kernel) if watch_memory else None
        try:
            _, status = os.waitpid(process.pid, 0)
            seconds = time.monotonic() - started
        except BaseException:
            _kill_all()
            raise
        finally:
            if watch:
                watch.stop()
    process.returncode = os.waitstatus_to_exitcode(status)
    _reap_orphans()
    cpu = account.close() if account else None
    return Measurement(
        began=started,
        seconds=seconds,
        cpu=cpu,
        memory=watch.largest if watch else None,
        memory_without_kernels=watch.largest_without_kernels if watch else None,
        exit_code=process.returncode,
    )


def _adopt_orphans() -> None:
    """Makes this process the parent of what a command leaves behind, so that its end is seen."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise BenchError("This system cannot follow the processes of a command.")


def _reap_orphans() -> None:
    """Waits until the processes that outlived the command have ended."""
    give_up = time.monotonic() + SECONDS_TO_END
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        if time.monotonic() > give_up:
            names = ", ".join(_kill_all())
            raise BenchError(f"processes went on running after the end of the command: {names}")
        time.sleep(_LOOK_SECONDS)


def _kill_all() -> list[str]:
    """Ends and reaps all descendants of this process, so that they do not count for the next command; their names."""
    names = []
    while processes := psutil.Process().children(recursive=True):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                names.append(process.name())
                process.kill()
        with contextlib.suppress(ChildProcessError):
            os.wait()
    return names


class _MemoryWatch:
    """Adds up, fifty times a second, the memory of all descendants of this process."""

    def __init__(self, kernel: str) -> None:
        self.largest = self.largest_without_kernels = 0
        self._kernel = kernel
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            total = without_kernels = 0
            for process in psutil.Process().children(recursive=True):
                size = _pss(process)
                total += size
                if not _is_kernel(process, self._kernel):
                    without_kernels += size
            self.largest = max(self.largest, total)
            self.largest_without_kernels = max(self.largest_without_kernels, without_kernels)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0  # it has ended


def _is_kernel(process: psutil.Process, interpreter: str) -> bool:
    try:
        return bool(interpreter) and process.cmdline()[:1] == [interpreter]
    except psutil.Error:
        return False
