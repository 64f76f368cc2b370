"""What a process and all that it has started hold at a moment, and whether that grows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 2**20
SECONDS_TO_SETTLE = 10.0
# By how much each may be larger at the end than at the beginning. Memory goes up and down by what large outputs leave
# in the allocator; the others must not grow at all.
MOST_GROWN = {"memory": 16 * MIB, "descriptors": 0, "processes": 0, "threads": 1, "files": 0}
_EDGE = 0.25  # of the samples at either end: what is compared are their medians


@dataclass(frozen=True)
class Sample:
    """runs: notebooks until then. memory: bytes, of this process and all that it has started, as everything; without
    what is mapped from files, whose share depends on who else on the machine has mapped them.

    files: entries of the folder of temporary files.
    """

    runs: int
    memory: int
    descriptors: int
    processes: int
    threads: int
    files: int


def take(runs: int, temporary: Path, processes: int | None) -> Sample:
    """processes: as many as there should be, which is waited for some seconds; None where that is not known yet."""
    own = psutil.Process()
    deadline = time.monotonic() + SECONDS_TO_SETTLE
    while processes is not None and len(_tree(own)) > processes and time.monotonic() < deadline:
        time.sleep(0.02)
    tree = _tree(own)
    return Sample(
        runs=runs,
        memory=sum(_memory(process.pid) for process in tree),
        descriptors=sum(process.num_fds() for process in tree),
        processes=len(tree),
        threads=own.num_threads(),
        files=sum(1 for _ in temporary.rglob("*")),
    )


def _memory(pid: int) -> int:
    """The anonymous part of its PSS, in bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("This Linux does not say how much memory a process has: Linux 5.9 or later does.")


def _tree(own: psutil.Process) -> list[psutil.Process]:
    return [own, *own.children(recursive=True)]


def grown(samples: Sequence[Sample]) -> dict[str, float]:
    """By how much each is larger at the end. Samples from before all was warm are better left out."""
    edge = max(1, round(len(samples) * _EDGE))
    first, last = samples[:edge], samples[-edge:]

    def middle(part: Sequence[Sample], name: str) -> float:
        return float(statistics.median(getattr(sample, name) for sample in part))

    return {name: middle(last, name) - middle(first, name) for name in MOST_GROWN}


def too_much(growth: dict[str, float]) -> list[str]:
    """The names of what has grown beyond its bound."""
    return [name for name, most in MOST_GROWN.items() if growth[name] > most]
