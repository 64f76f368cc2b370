"""Why a kernel died: peak memory while it lived, and evidence that the system ran out of it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
from pathlib import Path

import psutil

from amltasks.notebooks.kernel_process import signal_name
from amltasks.report.model import KernelDeath

_SAMPLE_SECONDS = 0.5
_LOW_MEMORY = 0.05  # of the machine's


class MemoryWatch:
    """Samples the memory of a process and all its descendants until `stop`; a thread of its own.

    peak: largest sum of resident sizes, bytes. lowest_free: smallest share of the machine's memory that was available.
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self.lowest_free = 1.0
        self._pid = pid
        self._oom_before = _oom_kills()
        self._over = threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def highest(self, known: int = 0) -> int:
        """The peak, or what is known of it otherwise where that is more: samples miss what is short. Bytes."""
        return max(known, self.peak, _peak_of_reaped_children())

    def suspended(self) -> bool:
        """Whether the process is stopped by a signal (SIGSTOP)."""
        with contextlib.suppress(psutil.Error):
            return bool(psutil.Process(self._pid).status() == psutil.STATUS_STOPPED)
        return False

    def death(self, code: int, last_output: str, peak: int = 0) -> KernelDeath:
        """What is known of the death. code: the process's exit code, negative for a signal; peak: bytes, if known."""
        self.stop()
        peak = self.highest(peak)
        return KernelDeath(
            signal=signal_name(-code) if code < 0 else None,
            exit_code=code if code >= 0 else None,
            peak_memory=peak or None,
            out_of_memory=self._out_of_memory(code),
            last_output=last_output,
        )

    def _out_of_memory(self, code: int) -> str | None:
        if sys.platform == "win32" or code != -signal.SIGKILL:
            return None
        kills = _oom_kills()
        if any(kills.get(path, 0) > count for path, count in self._oom_before.items()):
            return "the memory limit of this container or control group was reached (oom_kill was counted)"
        if record := _kernel_log(self._pid):
            return f"the system's log says: {record}"
        if self.lowest_free < _LOW_MEMORY:
            return f"the machine had only {self.lowest_free:.1%} of its memory left"
        return None

    def _sample(self) -> None:
        while True:
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(self._pid)
                family = [process, *process.children(recursive=True)]
                self.peak = max(self.peak, sum(_resident(member) for member in family))
                memory = psutil.virtual_memory()
                self.lowest_free = min(self.lowest_free, memory.available / memory.total)
            if self._over.wait(_SAMPLE_SECONDS):
                return


def _oom_kills() -> dict[Path, int]:
    """counter → kills so far, for the control groups (v2: memory.events, v1: memory.oom_control) we are in."""
    if sys.platform != "linux":
        return {}
    counters: dict[Path, int] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            group = group.lstrip("/")
            if not controllers:
                paths = [Path("/sys/fs/cgroup") / group / "memory.events", Path("/sys/fs/cgroup/memory.events")]
            elif "memory" in controllers.split(","):
                root = Path("/sys/fs/cgroup/memory")
                paths = [root / group / "memory.oom_control", root / "memory.oom_control"]
            else:
                continue
            counters |= {path: _count(path) for path in paths if path.exists()}
    return counters


def _count(path: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0


def _kernel_log(pid: int) -> str:
    """The record in which Linux says that it killed this process for want of memory; empty where it cannot be read."""
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    found = ""
    pattern = re.compile(rf"(?:Killed process|Out of memory).*\b{pid}\b.*")
    try:
        while True:
            try:
                record = os.read(log, 8192).decode("utf-8", "replace")
            except BlockingIOError:
                return found
            except OSError:  # EPIPE: overwritten while we read; the next read goes on
                continue
            if match := pattern.search(record):
                found = match.group(0)[:300]
    finally:
        os.close(log)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _peak_of_reaped_children() -> int:
    """Largest resident size of a child that has ended; 0 where it may be our own size, which a fork inherits."""
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return theirs * unit if theirs > 1.1 * ours else 0
