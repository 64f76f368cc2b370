"""Processes that a notebook starts, wherever they hide: found by descent, by a variable in their environment, and by
their control group where they have one.

The worker is the reaper of orphans (Linux), so a double fork cannot leave it; the marker finds what was orphaned
after the worker itself died, and serves where there are no reapers.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from amltasks.kernels.inside.family import descendants as linux_descendants
from amltasks.notebooks.cgroups import ControlGroup

MARKER = "AMLTASKS_RUN"
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Makes this process the parent of every descendant whose own parent ends. Linux only; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all(marker: str, *, of_ours: bool, within: float = 3.0) -> int:
    """Kills every marked process, again and again until none is left; how many there were.

    of_ours: whether all descendants of this process are meant too. within: seconds after which it gives up on
    what cannot be killed. Never ends this process itself.
    """
    group = ControlGroup.find(marker)
    ended = group.kill() if group is not None else set()
    deadline = time.monotonic() + within
    while (victims := _left(marker, of_ours)) and time.monotonic() < deadline:
        for process in victims:
            with contextlib.suppress(psutil.Error):
                process.kill()
                ended.add(process.pid)
        psutil.wait_procs(victims, timeout=0.5)
    if group is not None:
        group.remove()
    return len(ended)


def _left(marker: str, of_ours: bool) -> list[psutil.Process]:
    """Those that descend from this process; where none is left, those that are marked, whom it takes longer to find."""
    family = _existing(descendants(os.getpid())) if of_ours else []
    return family or _existing(_marked(marker) - {os.getpid()})


def _existing(pids: Iterable[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if _alive(process):
                found.append(process)
    return found


def descendants(pid: int) -> Iterator[int]:
    """Zombies too. Raises psutil.Error where the process is gone, but not on Linux."""
    if sys.platform == "linux":
        return linux_descendants(pid)
    return (process.pid for process in psutil.Process(pid).children(recursive=True))


def _alive(process: psutil.Process) -> bool:
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            return True
        process.wait(timeout=0)  # an orphan we adopted: nobody else will reap it
    except psutil.Error:
        pass
    return False


def _marked(marker: str) -> set[int]:
    if sys.platform == "linux":
        needle = f"{MARKER}={marker}".encode()
        return {int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if needle in _read(path)}
    return {
        process.pid
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(MARKER) == marker
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # gone meanwhile, or another user's
        return b""


def connection_folder(marker: str) -> Path:
    """Where the kernel of that marker has its sockets: whoever cleans up after a killed worker must find it."""
    return Path(tempfile.gettempdir()) / f"amlk-{marker[:16]}"
