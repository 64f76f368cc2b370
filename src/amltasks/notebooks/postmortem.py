"""Why a kernel died: what was seen while it lived, and evidence that its limit or the system's memory was reached."""

from __future__ import annotations

import os
import re
import signal
import sys

from amltasks.limits import Limits
from amltasks.notebooks.cgroups import ControlGroup, memory_event_files, read_count
from amltasks.notebooks.exits import signal_name
from amltasks.notebooks.watching import Watch
from amltasks.report.model import KernelDeath
from amltasks.sizes import size_like

_LOW_MEMORY = 0.05  # of the machine's
_NO_MEMORY = re.compile(r"bad_alloc|cannot allocate|out of memory|MemoryError", re.IGNORECASE)  # what native code says


class Postmortem:
    """Made while the kernel lives, because counters tell only by how much they have grown since."""

    def __init__(self, pid: int, watch: Watch, limits: Limits, group: ControlGroup | None) -> None:
        self._pid = pid
        self._watch = watch
        self._limits = limits
        self._group = group
        self._kills_before = {path: read_count(path, "oom_kill") for path in memory_event_files()}

    def death(self, code: int, last_output: str, peak: int) -> KernelDeath:
        """What is known of the death. code: the process's exit code, negative for a signal; peak: see Watch.highest."""
        self._watch.stop()
        limit = self._watch.exceeded or self._group_exceeded()
        return KernelDeath(
            signal=signal_name(-code) if code < 0 else None,
            exit_code=code if code >= 0 else None,
            peak_memory=self._watch.highest(peak) or None,
            out_of_memory=None if limit else self._refused(code, last_output) or self._out_of_memory(code),
            limit=limit or None,
            memory=self._watch.curve(),
            last_output=last_output,
        )

    def _group_exceeded(self) -> str:
        if self._group is None or self._limits.memory is None or not self._group.out_of_memory_kills():
            return ""
        return f"it needed more than memoryLimit {size_like(self._limits.memory, self._limits.memory)}"

    def _refused(self, code: int, last_output: str) -> str | None:
        """Where Python raises MemoryError, native code mostly aborts; what it says is lost where it does so at once."""
        said = code != 0 and _NO_MEMORY.search(last_output)
        if self._limits.memory is None or not (said or code == -signal.SIGABRT):
            return None
        refused = "was refused" if said else "may have been refused"
        return f"it {refused} more, memoryLimit is {size_like(self._limits.memory, self._limits.memory)}"

    def _out_of_memory(self, code: int) -> str | None:
        if sys.platform == "win32" or code != -signal.SIGKILL:
            return None
        if any(read_count(path, "oom_kill") > count for path, count in self._kills_before.items()):
            return "the memory limit of this container or control group was reached (oom_kill was counted)"
        if record := _kernel_log(self._pid):
            return f"the system's log says: {record}"
        if self._watch.lowest_free < _LOW_MEMORY:
            return f"the machine had only {self._watch.lowest_free:.1%} of its memory left"
        return None


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
