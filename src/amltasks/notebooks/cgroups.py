"""Control groups of Linux, version 2: one for each notebook that has limits, where this user may make them.

Made where a group was delegated to us: our own, or above it the nearest that systemd has marked as delegated, or the
topmost that a container sees. Our own cannot have it while it holds processes, as ours does. For a service of systemd
`Delegate=yes` and `DelegateSubgroup=agent` are what it takes. Where nothing was delegated there is none, and limits are
held by other means.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from amltasks.limits import Limits

_THREADS_EACH = 64  # the system counts threads, people count processes: this bound only stops what multiplies
_REMOVE_SECONDS = 1.0  # for the last process to be gone


class ControlGroup:
    """The group of one notebook, found again by its marker. Whatever is in it starts its children there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def make(cls, marker: str, limits: Limits) -> ControlGroup | None:
        """A group with these limits; None where none can be made or it could not hold them."""
        wanted = [name for name, limit in (("memory", limits.memory), ("pids", limits.processes)) if limit is not None]
        for parent in _delegated() if wanted else ():
            folder = parent / _name(marker)
            with contextlib.suppress(OSError):  # not ours, no such controllers, or processes in its way: the next one
                if not set(wanted) <= set((parent / "cgroup.subtree_control").read_text().split()):
                    (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in wanted))
                folder.mkdir()
                group = cls(folder)
                try:
                    group._limit(limits)
                except OSError:
                    group.remove()
                    raise
                return group
        return None

    @classmethod
    def find(cls, marker: str) -> ControlGroup | None:
        """The group that was made with this marker, perhaps by a process that has died since."""
        folders = (parent / _name(marker) for parent in _delegated())
        return next((cls(folder) for folder in folders if folder.is_dir()), None)

    def take(self, pid: int) -> None:
        """Puts a process there. Raises OSError, also where that needs more rights than making the group."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def out_of_memory_kills(self) -> int:
        """How many processes the system has killed in it because its memory was used up."""
        return read_count(self._folder / "memory.events", "oom_kill")

    def kill(self) -> set[int]:
        """Ends all that is in it at once: nothing escapes by forking meanwhile. The pids that there were.

        Does nothing before Linux 5.14.
        """
        with contextlib.suppress(OSError):
            found = {int(pid) for pid in (self._folder / "cgroup.procs").read_text().split()}
            (self._folder / "cgroup.kill").write_text("1")
            return found
        return set()

    def remove(self) -> None:
        """Gives it back as soon as it is empty."""
        deadline = time.monotonic() + _REMOVE_SECONDS
        while self._folder.is_dir() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):  # busy: what was killed is not gone yet
                self._folder.rmdir()
                return
            time.sleep(0.005)

    def _limit(self, limits: Limits) -> None:
        if limits.memory is not None:
            (self._folder / "memory.max").write_text(str(limits.memory))
            (self._folder / "memory.oom.group").write_text("1")
            with contextlib.suppress(FileNotFoundError):  # a system without swap
                (self._folder / "memory.swap.max").write_text("0")
        if limits.processes is not None:
            (self._folder / "pids.max").write_text(str(limits.processes * _THREADS_EACH))


def read_count(path: Path, name: str) -> int:
    """One of the counters in a file of lines `name count`; 0 where it cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            found, _, count = line.partition(" ")
            if found == name:
                return int(count)
    return 0


def memory_event_files() -> list[Path]:
    """Those that count out-of-memory kills of the groups we are in: of version 2, and memory's of version 1."""
    own = _own_groups()
    found = []
    if "" in own:
        found += [_mount() / own[""] / "memory.events", _mount() / "memory.events"]
    if "memory" in own:
        root = Path("/sys/fs/cgroup/memory")
        found += [root / own["memory"] / "memory.oom_control", root / "memory.oom_control"]
    return [path for path in dict.fromkeys(found) if path.exists()]


def _delegated() -> Iterator[Path]:
    """The groups in which one may be made, the nearest first."""
    own = _own_groups().get("")
    if own is None:
        return
    folder, mount = _mount() / own, _mount()
    if not (folder / "cgroup.procs").exists():  # what we see is not where we are
        return
    yield folder
    while folder != mount:
        if _is_marked(folder):
            return
        folder = folder.parent
        if _is_marked(folder) or (folder == mount and (mount / "cgroup.events").exists()):  # the system's root has none
            yield folder
            return


def _is_marked(folder: Path) -> bool:
    """As systemd marks what it delegates."""
    for name in ("user.delegate", "trusted.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(folder, name) == b"1":  # type: ignore[attr-defined,unused-ignore]
                return True
    return False


def _own_groups() -> dict[str, str]:
    """Controller → our group, without its first slash; the empty name stands for version 2."""
    groups: dict[str, str] = {}
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for line in Path("/proc/self/cgroup").read_text().splitlines():
                _, controllers, group = line.split(":", 2)
                groups |= dict.fromkeys(controllers.split(","), group.lstrip("/"))
    return groups


def _mount() -> Path:
    unified = Path("/sys/fs/cgroup/unified")  # beside version 1
    return unified if (unified / "cgroup.procs").exists() else Path("/sys/fs/cgroup")


def _name(marker: str) -> str:
    return f"amltasks-{marker[:16]}"
