"""How many cores this process may use: containers and agents often give fewer than the machine has."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def available_cores(proc: Path = Path("/proc"), mount: Path = Path("/sys/fs/cgroup")) -> int:
    """At least 1: the cores of the machine, within CPU affinity and the quotas of control groups (version 1 and 2)."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, *(math.ceil(quota) for quota in _quotas(proc, mount)), cores))


def _quotas(proc: Path, mount: Path) -> Iterator[float]:
    """Cores per control group of this process and the groups around it."""
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        base = mount / controllers if controllers else mount
        group = base / path.lstrip("/")
        # Inside a container the path may be that of the host, while the container's own group is mounted as the base.
        for folder in dict.fromkeys((group, *group.parents, base)):
            if folder.is_relative_to(base):
                yield from _quota(folder)


def _quota(folder: Path) -> Iterator[float]:
    limit = _text(folder / "cpu.max").split() or [
        _text(folder / "cpu.cfs_quota_us").strip(),
        _text(folder / "cpu.cfs_period_us").strip(),
    ]
    if len(limit) == 2 and limit[0].isdigit() and limit[1].isdigit() and int(limit[0]) and int(limit[1]):
        yield int(limit[0]) / int(limit[1])


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""  # no such group, or no control groups on this system
