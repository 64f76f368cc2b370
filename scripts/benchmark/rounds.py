"""Runs the programs of a case in turn, several times, and keeps what is comparable."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmark import notebooks, programs
from benchmark.cases import Case, Growth
from benchmark.measuring import BenchError, Measurement, measure
from benchmark.programs import Interpreters, Program

OURS = "ours"
LOG_SHOWN = 2000  # characters of the log of a command that failed


@dataclass(frozen=True)
class Spread:
    """Of several values."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass
class Taken:
    """What was measured in a case, by program; all lists in the order of the rounds."""

    timed: dict[str, list[Measurement]] = field(default_factory=dict)
    watched: dict[str, Measurement] = field(default_factory=dict)

    def seconds(self, program: str) -> Spread:
        return Spread.of([each.seconds for each in self.timed[program]])

    def cpu(self, program: str) -> Spread | None:
        """None where it could not be counted."""
        known = [each.cpu for each in self.timed[program] if each.cpu is not None]
        return Spread.of(known) if known else None

    def ratio(self, peer: str) -> Spread:
        """Ours to the peer's, round by round."""
        pairs = zip(self.timed[OURS], self.timed[peer], strict=True)
        return Spread.of([ours.seconds / theirs.seconds for ours, theirs in pairs])


class Bench:
    """scratch: for notebooks and results; emptied after every run."""

    def __init__(self, interpreters: Interpreters, scratch: Path, say: Callable[[str], None]) -> None:
        self._interpreters = interpreters
        self._scratch = scratch
        self._say = say
        settings = programs.environment(interpreters, scratch / "settings")
        self._environment = {**settings, "BENCH_SECRET": "c0rrect-h0rse-battery"}

    def warm_up(self, case: Case) -> None:
        """Ours on one of the notebooks, without counting: files are read, libraries have made their caches."""
        one = dict(list(case.notebooks().items())[:1])
        if one:
            self._run(replace(case, notebooks=lambda: one), case.ours)

    def compare(self, case: Case, rounds: int) -> Taken:
        """Raises BenchError where a program fails or makes something else of a notebook than ours."""
        taken = Taken()
        all_programs = self._programs(case)
        for number in range(rounds):
            results: dict[str, Any] = {}
            measured: dict[str, Measurement] = {}
            turn = list(all_programs) if number % 2 == 0 else list(reversed(all_programs))
            for name in turn:
                measured[name], results[name] = self._run(case, all_programs[name])
                self._say(f"{case.name} {number + 1}/{rounds} {name}: {measured[name].seconds:.2f} s")
            for name, result in results.items():
                if name != OURS and (different := case.difference(results[OURS], result)):
                    raise BenchError(f"{case.name}: ours and {name} differ: {different}")
            for name, measurement in measured.items():
                taken.timed.setdefault(name, []).append(measurement)
        if case.watch_memory:
            for name, program in all_programs.items():
                taken.watched[name], _ = self._run(case, program, watch_memory=True)
        return taken

    def grow(self, growth: Growth) -> list[Measurement]:
        """One measurement for each size, memory watched."""
        measured = []
        for size in growth.sizes:
            case = Case(growth.name, growth.title, partial(growth.notebooks, size), programs.amltasks())
            timed, _ = self._run(case, case.ours)
            watched, _ = self._run(case, case.ours, watch_memory=True)
            measured.append(replace(watched, seconds=timed.seconds, cpu=timed.cpu))
            self._say(f"{growth.name} {size}: {timed.seconds:.2f} s")
        return measured

    def _programs(self, case: Case) -> dict[str, Program]:
        return {OURS: case.ours, **{peer.name: peer.program for peer in case.peers}}

    def _run(self, case: Case, program: Program, *, watch_memory: bool = False) -> tuple[Measurement, Any]:
        folder = Path(tempfile.mkdtemp(prefix=f"{case.name}-", dir=self._scratch))
        try:
            notebooks.write(case.notebooks(), folder / "in")
            start = program(self._interpreters, folder)
            try:
                measurement = measure(
                    start.command,
                    folder=folder,
                    environment={**self._environment, **start.environment},
                    log=folder / "log.txt",
                    kernel=self._interpreters.kernel,
                    watch_memory=watch_memory,
                )
                if measurement.exit_code:
                    log = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
                    raise BenchError(f"{case.name}: exit code {measurement.exit_code}: {log[-LOG_SHOWN:]}")
                if start.reached:
                    measurement = measurement.until(start.reached())
                return measurement, start.results()
            finally:
                start.close()
        finally:
            shutil.rmtree(folder)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """By which power of the size the cost grows between the last sizes, fixed costs left out: 1 is linear.

    Needs three sizes; nan where cost does not grow.
    """
    if len(sizes) < 3:
        return math.nan
    early, late = seconds[-2] - seconds[0], seconds[-1] - seconds[0]
    if early <= 0 or late <= 0:
        return math.nan
    return math.log(late / early) / math.log((sizes[-1] - sizes[0]) / (sizes[-2] - sizes[0]))
