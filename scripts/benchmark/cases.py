"""What is measured, against what, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmark import equality, launcher, notebooks, programs, publishing
from benchmark.notebooks import Notebook
from benchmark.programs import Program

MEGABYTES = 50
SMALL = 40
PUBLISHED, PUBLISHED_QUICKLY = 1000, 100


@dataclass(frozen=True)
class Peer:
    """at_most: the share of this program's time that ours may take."""

    name: str
    program: Program
    at_most: float


@dataclass(frozen=True)
class Case:
    """One line of the table.

    notebooks: given whether the run is a quick one. difference: where two programs' results differ, empty where not.
    seconds_at_most: for ours alone, where there is no peer. memory_at_most: bytes of all our processes but kernels.
    """

    name: str
    title: str
    notebooks: Callable[[], Mapping[str, Notebook]]
    ours: Program
    peers: tuple[Peer, ...] = ()
    difference: Callable[[Any, Any], str] = equality.difference
    seconds_at_most: float | None = None
    memory_at_most: int | None = None
    watch_memory: bool = False


@dataclass(frozen=True)
class Growth:
    """How our cost grows: sizes, and the notebooks of a size. files: sizes count notebooks, not cells."""

    name: str
    title: str
    sizes: tuple[int, ...]
    notebooks: Callable[[int], Mapping[str, Notebook]]


def cases(*, quick: bool) -> tuple[Case, ...]:
    """All of the table. quick: publishing with fewer results; the other cases are what they are."""
    ours = programs.amltasks()
    papermill, nbconvert, nbmake = programs.papermill, programs.nbconvert, programs.nbmake
    published = PUBLISHED_QUICKLY if quick else PUBLISHED
    return (
        Case("one", "1 notebook, 1 cell", notebooks.one_cell, ours, (Peer("papermill", papermill, 0.45),)),
        Case("cells", "100 cells", lambda: notebooks.many_cells(100), ours, (Peer("papermill", papermill, 0.28),)),
        Case(
            "output",
            "500 cells × 2 KB of output",
            lambda: notebooks.printing_cells(500, 2048),
            ours,
            (Peer("papermill", papermill, 0.06), Peer("nbconvert", nbconvert, 0.75)),
        ),
        Case(
            "suite",
            f"{SMALL} small notebooks",
            lambda: notebooks.small(SMALL),
            ours,
            (Peer("papermill, one by one", papermill, 0.06), Peer("nbmake -n 2", nbmake, 0.25)),
            watch_memory=True,
        ),
        Case(
            "data",
            "12 notebooks with numpy, pandas, matplotlib",
            lambda: notebooks.data_science(12),
            ours,
            (Peer("papermill, one by one", papermill, 0.12), Peer("nbmake -n 2", nbmake, 0.35)),
            watch_memory=True,
        ),
        Case(
            "large",
            f"1 cell × {MEGABYTES} MB of output",
            lambda: notebooks.large_output(MEGABYTES),
            ours,
            (Peer("papermill", papermill, 0.5),),
            memory_at_most=3 * MEGABYTES * 1_000_000,
            watch_memory=True,
        ),
        Case(
            "reports",
            f"HTML, JUnit, redaction of {SMALL} small notebooks",
            lambda: notebooks.small(SMALL),
            programs.amltasks("--html", "--junit", "junit.xml", "--secret", "BENCH_SECRET"),
            (Peer("ours without", ours, 1.3),),
        ),
        Case(
            "launcher",
            "launcher, environment ready, to Python's first line",
            dict,
            launcher.program,
            seconds_at_most=0.25,
        ),
        Case(
            "publishing",
            f"{published:,} results with {published:,} attachments at 50 ms a request",
            dict,
            publishing.program("together", published),
            (Peer("one request after the other", publishing.program("apart", published), 0.12),),
            difference=publishing.difference,
        ),
    )


def growths(*, quick: bool) -> tuple[Growth, ...]:
    """quick: without the largest size."""
    last = -1 if quick else None
    return (
        Growth("growth-cells", "cells", (100, 1000, 5000)[:last], notebooks.many_cells),
        Growth("growth-notebooks", "notebooks of 6 cells", (10, 100, 400)[:last], notebooks.small),
    )
