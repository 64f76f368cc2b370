"""A notebook's processes while they live: what memory they take, how many they are; beyond a limit they are ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from itertools import islice

import psutil

from amltasks.limits import Limits
from amltasks.notebooks.cgroups import ControlGroup
from amltasks.notebooks.processes import descendants
from amltasks.report.model import MemoryCurve
from amltasks.sizes import size_like

_SAMPLE_SECONDS = 0.5
_LIMITED_SAMPLE_SECONDS = 0.1  # where there is a limit that may be passed meanwhile
_MOST_POINTS = 60


class Watch:
    """Samples a kernel and all that it has started until `stop`; in threads of its own.

    peak: largest sum of resident sizes, bytes. lowest_free: smallest share of the machine's memory that was available.
    exceeded: the limit for which all of it was ended, a clause; empty where none was passed.
    """

    def __init__(self, pid: int, limits: Limits, group: ControlGroup | None = None) -> None:
        self.peak = 0
        self.lowest_free = 1.0
        self.exceeded = ""
        self._group = group
        self._kernel, self._parent = _with_parent(pid)
        self._limits = limits
        self._started = time.monotonic()
        self._highest: list[int] = []  # for each span of time the largest sum
        limited = limits.memory is not None or limits.processes is not None
        self._span = self._pause = _LIMITED_SAMPLE_SECONDS if limited else _SAMPLE_SECONDS
        self._over = threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()
        if limits.processes is not None:
            threading.Thread(target=self._count, args=(limits.processes,), daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def see_kernel(self) -> None:
        """Takes what its process has now for the least that it has had: it may end before the first sample."""
        if self._kernel is not None:
            self.peak = max(self.peak, _resident(self._kernel))

    def highest(self, known: int = 0) -> int:
        """The peak, or what is known of it otherwise where that is more: samples miss what is short. Bytes."""
        return max(known, self.peak, _peak_of_reaped_children())

    def suspended(self) -> bool:
        """Whether the kernel is stopped by a signal (SIGSTOP)."""
        with contextlib.suppress(psutil.Error):
            return self._kernel is not None and bool(self._kernel.status() == psutil.STATUS_STOPPED)
        return False

    def curve(self) -> MemoryCurve | None:
        """The memory over time; None where it was seen only once."""
        return MemoryCurve(step=self._span, values=tuple(self._highest)) if len(self._highest) > 1 else None

    def _sample(self) -> None:
        while not self._over.wait(self._pause):  # what is over sooner is known by what its end tells
            with contextlib.suppress(psutil.Error):
                self._look(self._family())

    def _count(self, most: int) -> None:
        """Apart from the samples: what memory a process has can take seconds to be told while it forks.

        Looks at no more processes than are allowed: what multiplies leaves little time.
        """
        top = self._parent or self._kernel
        others = most if self._parent else most - 1  # without its parent the kernel itself is not among them
        while top and not self._over.wait(_LIMITED_SAMPLE_SECONDS):
            with contextlib.suppress(psutil.Error):
                if any(islice(descendants(top.pid), others, None)):
                    self._end(f"it had more than processLimit {most} processes")

    def _look(self, family: Sequence[psutil.Process]) -> None:
        resident = sum(map(_resident, family))
        self.peak = max(self.peak, resident)
        self._plot(resident)
        memory = psutil.virtual_memory()
        self.lowest_free = min(self.lowest_free, memory.available / memory.total)
        if exceeded := self._memory_exceeded(family, resident):
            self._end(exceeded)

    def _end(self, exceeded: str) -> None:
        """Raises psutil.Error."""
        self.exceeded = self.exceeded or exceeded
        if self._group is not None:
            self._group.kill()
        if self._kernel is not None and os.name == "posix" and self._kernel.is_running():
            with contextlib.suppress(OSError):
                os.killpg(self._kernel.pid, signal.SIGKILL)  # all at once: one by one, they would be born faster
        for process in self._family():
            with contextlib.suppress(psutil.Error):
                process.kill()

    def _family(self) -> list[psutil.Process]:
        """The kernel first, then all that descends from it, and what was orphaned. Raises psutil.Error."""
        if self._kernel is None:
            return []
        others = (self._parent or self._kernel).children(recursive=True)
        return [self._kernel, *(process for process in others if process != self._kernel)]

    def _memory_exceeded(self, family: Sequence[psutil.Process], resident: int) -> str:
        limit = self._limits.memory
        # What processes share counts once, but finding that out takes long: only where it matters.
        if limit is not None and resident > limit and (used := sum(map(_proportional, family))) > limit:
            return f"it needed more than memoryLimit {size_like(limit, limit)}: {size_like(used, limit)}"
        return ""

    def _plot(self, resident: int) -> None:
        place = int((time.monotonic() - self._started) / self._span)
        while place >= _MOST_POINTS:
            pairs = zip(self._highest[::2], [*self._highest[1::2], 0], strict=False)
            self._highest = [max(pair) for pair in pairs]
            self._span *= 2
            place //= 2
        self._highest += [resident] * (place + 1 - len(self._highest))
        self._highest[place] = max(self._highest[place], resident)


def _with_parent(pid: int) -> tuple[psutil.Process | None, psutil.Process | None]:
    """The kernel, and on Linux its parent, which adopts what the kernel's children leave; None where they are gone."""
    try:
        kernel = psutil.Process(pid)
        parent = kernel.parent() if sys.platform == "linux" else None
    except psutil.Error:
        return None, None
    return kernel, parent if parent is not None and parent.pid != 1 else None


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    """Its memory, with its share only of what it shares with others, where the system tells."""
    try:
        return int(getattr(process.memory_full_info(), "pss", 0)) or _resident(process)
    except psutil.Error:
        return _resident(process)


def _peak_of_reaped_children() -> int:
    """Largest resident size of a child that has ended; 0 where it may be our own size, which a fork inherits."""
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return theirs * unit if theirs > 1.1 * ours else 0
