"""Which notebook starts next: the longest first, so that none is left to run alone at the end, as far as there is
memory for it.

What a notebook takes is what it took the last time. One that nobody knows counts as an average one, and its memory as
nothing. Those that need more than is left wait, and shorter ones go before; when nothing runs, the next one always
starts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from amltasks.notebooks.available import available_memory
from amltasks.platforms.base import NotebookRun
from amltasks.sizes import size_words


@dataclass(frozen=True)
class Demand:
    """What a notebook takes. seconds: None where nobody knows; memory: bytes at its peak, with all that it starts.

    is_limit: the memory is what it may take, not what it took.
    """

    seconds: float | None = None
    memory: int | None = None
    is_limit: bool = False


class Schedule:
    """The notebooks that still wait, each given once by `next`; `ended` gives its memory to others.

    demands: by run_id, of those of which something is known. max_memory: bytes that all together may take, None for
    what there is. available: bytes that there are at the moment.
    """

    def __init__(
        self,
        runs: Iterable[NotebookRun],
        demands: Mapping[str, Demand],
        max_memory: int | None = None,
        available: Callable[[], int] = available_memory,
    ) -> None:
        self._demands = demands
        known = sorted(demand.seconds for demand in demands.values() if demand.seconds is not None)
        usual = known[(len(known) - 1) // 2] if known else 0.0

        def seconds(run: NotebookRun) -> float:
            demand = demands.get(run.run_id)
            return usual if demand is None or demand.seconds is None else demand.seconds

        # Of equal ones, the order given stays.
        self._waiting = {run.run_id: run for run in sorted(runs, key=seconds, reverse=True)}
        self._running: set[str] = set()
        self._delays: dict[str, tuple[float, str]] = {}
        self._max_memory = max_memory
        self._available = available
        needy = any(self._need(run_id) for run_id in self._waiting)
        self._total = min(available(), max_memory or sys.maxsize) if needy else 0

    def __bool__(self) -> bool:
        """Whether any still waits."""
        return bool(self._waiting)

    def next(self) -> NotebookRun | None:
        """The one to start now; None where none waits, or all that do need more memory than there is."""
        for run_id, run in self._waiting.items():
            lacking = self._lacking(run_id) if self._running else ""
            if not lacking:
                del self._waiting[run_id]
                self._running.add(run_id)
                return run
            self._delays.setdefault(run_id, (time.monotonic(), lacking))
        return None

    def ended(self, run: NotebookRun) -> None:
        self._running.remove(run.run_id)

    def delay(self, run: NotebookRun) -> str:
        """A sentence for one that starts later than it could have, for want of memory; empty for others."""
        if run.run_id not in self._delays:
            return ""
        since, lacking = self._delays[run.run_id]
        return f"It waited {time.monotonic() - since:.1f} s for memory: {lacking}."

    def _lacking(self, run_id: str) -> str:
        """Why a notebook must wait, as a clause; empty where it need not."""
        need = self._need(run_id)
        if not need:
            return ""
        left = min(self._total - sum(map(self._need, self._running)), self._available())
        if need <= left:
            return ""
        why = "may take" if self._demands[run_id].is_limit else "took"
        when = "" if self._demands[run_id].is_limit else " the last time"
        of = f" of maxMemory {size_words(self._max_memory)}" if self._max_memory else ""
        return f"it {why} {size_words(need)}{when}, and {size_words(max(0, left))}{of} were left"

    def _need(self, run_id: str) -> int:
        demand = self._demands.get(run_id)
        return (demand.memory or 0) if demand else 0
