"""How much memory there still is: of the machine, and of the control groups (containers) that this process is in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def available_memory(groups: Path = GROUPS, own_groups: Path = OWN_GROUPS) -> int:
    """Bytes that processes may take before somebody runs out of memory.

    groups, own_groups: where the system shows its control groups, and which of them are ours; Linux only.
    """
    return max(0, min([int(psutil.virtual_memory().available), *_left_in_groups(groups, own_groups)]))


def _left_in_groups(groups: Path, own_groups: Path) -> Iterator[int]:
    """What is left in each group with a limit, our own and those above it. Files in the cache count as free."""
    try:
        lines = own_groups.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no control groups here
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            root, limit, usage, cached = groups, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, limit, usage, cached = (
                groups / "memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_inactive_file",
            )
        else:
            continue
        # In a container the path is the host's, and the root of what is mounted is the own group.
        parts = [part for part in group.split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            folder = root.joinpath(*parts[:depth])
            with contextlib.suppress(OSError, ValueError):  # no such file, or `max`
                left = int((folder / limit).read_text()) - int((folder / usage).read_text())
                yield left + _statistic(folder / "memory.stat", cached)


def _statistic(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0
