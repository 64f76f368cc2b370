"""What earlier runs tell of a command's notebooks, and what the command leaves for later ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from amltasks.notebooks.schedule import Demand
from amltasks.past.history import keep_history, past_demands
from amltasks.platforms.base import NotebookRun
from amltasks.report.model import NotebookResult, Origin, Report
from amltasks.requests import Platform, RunNotebooksRequest

if TYPE_CHECKING:
    from amltasks.past.reuse import Reuse


class Earlier:
    """results: by run_id, of runs that need not start because an earlier one stands for them. demands: by run_id.

    runs: those that could start, with all secrets that must not be seen. origin: this command's run.
    """

    def __init__(self, request: RunNotebooksRequest, runs: Sequence[NotebookRun], origin: Origin) -> None:
        self._folder = request.cache_folder
        self._notes: list[str] = []
        self._reuse: Reuse | None = None
        if any(run.reuse for run in runs):
            if request.platform is not Platform.AGENT:
                self._notes.append("Nothing is reused: that is for notebooks that run on the agent.")
            elif self._folder is None:
                self._notes.append("Nothing is reused: name a folder for that (cacheFolder).")
            else:
                self._reuse = _reuse(self._folder, request, runs, origin)
        self.results: dict[str, NotebookResult] = self._reuse.results if self._reuse else {}
        self.demands = past_demands(self._folder, request.output_folder)
        for run in runs:
            known = self.demands.get(run.run_id, Demand())
            if request.platform is not Platform.AGENT:
                self.demands[run.run_id] = Demand(known.seconds)  # the memory is another machine's
            elif known.memory is None and run.limits.memory:
                self.demands[run.run_id] = Demand(known.seconds, run.limits.memory, is_limit=True)

    def finished(self, result: NotebookResult) -> NotebookResult:
        """A result of now, before anything is added to it. From any thread."""
        return self._reuse.finished(result) if self._reuse else result

    def leave(self, report: Report) -> Report:
        """Writes down what this run tells; the report with notes of what could not be kept or used."""
        if self._reuse:
            self._reuse.close()
            self._notes += self._reuse.notes
        if self._folder:
            try:
                keep_history(self._folder, report)
            except OSError as error:
                problem = f"How long notebooks take cannot be kept in {self._folder}: {error.strerror or error}."
                self._notes.append(problem)
        return report.model_copy(update={"notes": (*report.notes, *self._notes)})


def _reuse(folder: Path, request: RunNotebooksRequest, runs: Sequence[NotebookRun], origin: Origin) -> Reuse:
    from amltasks.past.reuse import Reuse  # brings much that a run without it need not wait for

    reuse = Reuse(folder, request.root, origin, [request.output_folder])
    reuse.look_up(runs)
    return reuse
