"""The processes that descend from one, found without a look at all there are: what forks fast must be found faster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def descendants(ancestor: int) -> Iterator[int]:
    """The pids of all that descend from a process, zombies among them, found one after the other; Linux."""
    left = [ancestor]
    while left:
        found = _children(left.pop())
        yield from found
        left += found


def has_ended(pid: int) -> bool:
    """Whether it is gone, or a zombie."""
    return _stat(pid)[:1] in ([], [b"Z"])


def _children(pid: int) -> list[int]:
    if not _KNOWS_CHILDREN:
        return _with_parent(pid)
    threads = Path(f"/proc/{pid}/task")
    try:
        return [int(child) for thread in threads.iterdir() for child in (thread / "children").read_bytes().split()]
    except OSError:  # it, or a thread of it, ended just now
        return []


def _with_parent(parent: int) -> list[int]:
    """The same by a look at every process, where the system does not tell (CONFIG_PROC_CHILDREN)."""
    every = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in every if _stat(pid)[1:2] == [b"%d" % parent]]


def _stat(pid: int) -> list[bytes]:
    """State, parent and more, as in proc(5); nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


_KNOWS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()
