"""The report in the agent's log: one folded group a notebook, failures in full below it, a table at the end.

The agent shows lines in the order in which they come, and groups do not nest. So one notebook is live and its lines
appear as they happen; those that run beside it are buffered and follow, each whole, when the live one has ended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from amltasks.agent import commands
from amltasks.agent.neutral import one_line
from amltasks.agent.output import Output
from amltasks.platforms.base import (
    CellFinished,
    CellStarted,
    KernelStarted,
    Note,
    NotebookRun,
    OutputText,
    Progress,
    RunEvent,
)
from amltasks.report.cell_output import CellOutput
from amltasks.report.issues import LINE_LENGTH, Issues
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.publisher import Publisher
from amltasks.report.source_lines import line_of_cell
from amltasks.report.wording import (
    CELL_OUTCOMES,
    cells_done,
    count_of,
    duration_words,
    ending,
    error_lines,
    source_lines,
    summary,
)

BUFFERED_LINES = 1000  # of one notebook that runs beside the live one


class PipelineLog(Publisher):
    """Writes to the agent's log as things happen."""

    name = "log"

    def __init__(self, output: Output) -> None:
        self._output = output
        self._sections: dict[str, _Section] = {}  # begun, not yet wholly in the log, in the order they began
        self._progress = _Progress()
        self._errors = Issues(output, "error")
        self._warnings = Issues(output, "warning")
        self._numbers: dict[str, int] = {}

    def begin(self, title: str, runs: Sequence[NotebookRun]) -> None:
        self._numbers = {run.run_id: number for number, run in enumerate(runs, 1)}
        self._progress.total = len(runs)
        self._output.command(commands.section(self._output.redacted(f"{title}: {count_of(runs)}")))

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        section = self._sections.get(run.run_id) or self._begun(run)
        section.event(event)
        self._progress.event(run, event)
        self._tell_progress(run, event)

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        self._progress.finished(run)
        self._tell_progress(run)
        section = self._sections.get(run.run_id)
        if section is None:
            section = self._sections[run.run_id] = _Section("")  # ended before it began: there is nothing to fold
        section.finished(run, result)
        if not any(other.live for other in self._sections.values()) or section.live:
            self._write_ended()

    def complete(self, report: Report, deadline: float | None = None) -> None:
        self._write_ended()
        for section in self._sections.values():
            section.go_live(self._output)
            section.close()
        self._sections.clear()
        for line in _table(report):
            self._output.text(line)
        not_run = [result for result in report.results if result.outcome is Outcome.NOT_RUN]
        if not_run and not report.cancelled:
            self._errors.add(f"{count_of(not_run)} did not run. {one_line(not_run[0].message)}")
        for sentence in (*report.notes, *report.problems):
            self._warnings.add(sentence)
        self._errors.close("more notebooks have failed; the table above has them all")
        self._warnings.close("more warnings are in the log above")
        self._output.command(commands.section(summary(report)))
        for name, place in report.links.items():
            self._output.text(f"  {one_line(name)}: {one_line(place, 1000)}")

    def _begun(self, run: NotebookRun) -> _Section:
        number = self._numbers.get(run.run_id, 0)
        section = _Section(f"{run.title} ({number} of {self._progress.total})")
        if not self._sections:
            section.go_live(self._output)
        self._sections[run.run_id] = section
        return section

    def _write_ended(self) -> None:
        """The live notebook has ended: close its group, then those that ended beside it; another goes live."""
        for run_id, section in list(self._sections.items()):
            if section.result:
                del self._sections[run_id]
                if section.begun:
                    section.go_live(self._output)
                section.close()
                self._below(section)
        for section in self._sections.values():
            section.go_live(self._output)
            return

    def _below(self, section: _Section) -> None:
        """What must be seen of a notebook without unfolding its group."""
        run, result = section.run, section.result
        if run is None or result is None:
            return
        head = f"{one_line(run.title)}: {ending(result)}"
        counted = cells_done(result)
        self._output.text(f"{head} ({f'{counted} cells, ' if counted else ''}{duration_words(result.duration)})")
        for note in result.notes:
            self._output.text(f"  note: {one_line(note, LINE_LENGTH)}")
        if result.leaks:
            names = ", ".join(map(one_line, result.leaks))
            self._warnings.add(f"Its outputs held secrets, which were taken out: {names}.", path=run.notebook)
        if result.ok or result.outcome in (Outcome.NOT_RUN, Outcome.CANCELLED):
            if result.message:
                self._output.text(f"  {one_line(result.message, LINE_LENGTH)}")
            return
        cell = result.failing_cell
        line_number = line_of_cell(run.source, cell.index) if cell and cell.index is not None else None
        message = result.message or f"The notebook {ending(result)}."
        self._errors.add(message, path=run.notebook, line=line_number or 1)
        for line in _failure(result):
            self._output.text(line)

    def _tell_progress(self, run: NotebookRun, event: RunEvent | None = None) -> None:
        if percent := self._progress.advanced():
            cell = f", cell {event.number}" if isinstance(event, CellStarted | CellFinished) else ""
            self._output.command(commands.set_progress(percent, self._output.redacted(f"{run.title}{cell}")))


class _Section:
    """The lines of one notebook: kept until the section is live, written at once from then on."""

    def __init__(self, title: str) -> None:
        self.run: NotebookRun | None = None
        self.result: NotebookResult | None = None
        self._title = title
        self._lines: deque[str] = deque()
        self._lost = 0
        self._write: Callable[[str], None] | None = None
        self._end: Callable[[], None] | None = None
        self._cells = 0
        self._cell = CellOutput(self._add)

    @property
    def begun(self) -> bool:
        return self._title != ""

    @property
    def live(self) -> bool:
        return self._write is not None

    def go_live(self, output: Output) -> None:
        """Writes what was kept, and what comes from now on at once."""
        if self._write is not None:
            return
        state = f": {ending(self.result)}" if self.result else ""
        output.command(commands.group(output.redacted(f"{self._title}{state}")))
        if self._lost:
            output.text(f"… {self._lost:,} lines are not shown here …")
        for line in self._lines:
            output.text(line)
        self._lines.clear()
        self._write = output.text
        self._end = lambda: output.command(commands.end_group())

    def close(self) -> None:
        """Ends the group, once."""
        if self._end:
            self._end()
            self._end = None

    def event(self, event: RunEvent) -> None:
        if isinstance(event, KernelStarted):
            self._cells = event.cells
            self._add(f"kernel {one_line(event.kernel)}, {event.cells} code cells")
        elif isinstance(event, CellStarted):
            self._cell.end()
            self._add(f"[{event.number}/{self._cells}] {one_line(event.title)}")
        elif isinstance(event, OutputText):
            self._cell.add(event.text)
        elif isinstance(event, Note):
            self._add(f"note: {one_line(event.text, LINE_LENGTH)}")
        elif isinstance(event, Progress):
            self._add(one_line(event.text, LINE_LENGTH))
        else:
            self._cell.end()
            took = f" in {duration_words(event.cell.duration)}" if event.cell.duration is not None else ""
            self._add(f"[{event.number}/{self._cells}] {CELL_OUTCOMES[event.cell.outcome]}{took}")

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        self._cell.end()
        self.run, self.result = run, result

    def _add(self, line: str) -> None:
        cut = line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}…"
        if self._write:
            self._write(cut)
            return
        self._lines.append(cut)
        if len(self._lines) > BUFFERED_LINES:
            self._lines.popleft()
            self._lost += 1


class _Progress:
    """How far all notebooks are, each weighing the same; never goes back."""

    def __init__(self) -> None:
        self.total = 0
        self._cells: dict[str, int] = {}
        self._parts: dict[str, float] = {}
        self._told = 0

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        if isinstance(event, KernelStarted):
            self._cells[run.run_id] = event.cells
        elif isinstance(event, CellFinished) and self._cells.get(run.run_id):
            self._parts[run.run_id] = min(0.99, event.number / self._cells[run.run_id])

    def finished(self, run: NotebookRun) -> None:
        self._parts[run.run_id] = 1.0

    def advanced(self) -> int:
        """Whole per cent if that is more than was told before, else 0."""
        percent = int(100 * sum(self._parts.values()) / self.total) if self.total else 0
        if percent <= self._told:
            return 0
        self._told = percent
        return percent


def _failure(result: NotebookResult) -> list[str]:
    """Source and error of what failed, indented under the notebook's line."""
    cell = result.failing_cell
    blocks = [source_lines(cell.source) if cell else [], error_lines(result)]
    return [line for block in blocks if block for line in (*_indented(block), "")]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line[:LINE_LENGTH]}" for line in lines]


def _table(report: Report) -> list[str]:
    """Every result on a line."""
    rows = [(ending(result), cells_done(result), duration_words(result.duration), result) for result in report.results]
    if not rows:
        return []
    widths = [max(len(str(row[column])) for row in rows) for column in range(3)]
    return [
        "",
        *(
            f"  {outcome:<{widths[0]}}  {cells:>{widths[1]}}  {took:>{widths[2]}}  {one_line(result.title)}"
            for outcome, cells, took, result in rows
        ),
        "",
    ]
