"""A notebook's limits made to hold: by its control group where there can be one, by bounds of each process elsewhere.

Both are set on the kernel once it has started, whichever way that was, before its first cell; what it starts has them
too. Beside them `watching` counts the processes and adds up their memory, on every system.
RLIMIT_NPROC is of no use: it counts all processes of the user, those of other notebooks included, and binds no root.
"""

from __future__ import annotations

import contextlib
import sys

from amltasks.limits import Limits
from amltasks.notebooks.cgroups import ControlGroup
from amltasks.report.model import CellError
from amltasks.sizes import size_like


def hold(pid: int, marker: str, limits: Limits) -> tuple[ControlGroup | None, tuple[str, ...]]:
    """The process's control group, if it could have one, and a sentence for each limit that cannot be held here."""
    group = ControlGroup.make(marker, limits)
    notes = _bound(pid, limits)
    if group is not None:
        try:
            group.take(pid)
        except OSError:
            group.remove()
            group = None
    return group, notes


def hint(error: CellError | None, limits: Limits) -> str:
    """The limit that an error most likely comes from, a clause; empty where it comes from none."""
    if error is None:
        return ""
    if limits.memory is not None and (error.name.endswith("MemoryError") or "Cannot allocate memory" in error.value):
        return f"memoryLimit is {size_like(limits.memory, limits.memory)}"
    if limits.open_files is not None and "Too many open files" in error.value:
        return f"openFilesLimit is {limits.open_files}"
    return ""


def _bound(pid: int, limits: Limits) -> tuple[str, ...]:
    if limits.memory is None and limits.open_files is None:
        return ()
    if sys.platform != "linux":
        return ("openFilesLimit has no effect on this system.",) if limits.open_files is not None else ()
    import resource

    # Of its data, not of its addresses: threads and garbage collectors reserve many times what they use.
    wanted = {
        "memoryLimit": (resource.RLIMIT_DATA, limits.memory),
        "openFilesLimit": (resource.RLIMIT_NOFILE, limits.open_files),
    }
    notes = []
    for name, (kind, limit) in wanted.items():
        if limit is None:
            continue
        with contextlib.suppress(ProcessLookupError):  # it has ended already, which is told elsewhere
            try:
                _, hard = resource.prlimit(pid, kind)
                bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
                resource.prlimit(pid, kind, (bound, bound))
            except PermissionError:
                notes.append(f"{name} cannot be set for single processes here.")
    return tuple(notes)
