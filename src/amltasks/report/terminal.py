"""The report on a terminal: a live view while notebooks run, failures as they happen, a table at the end."""

from __future__ import annotations

import atexit
import io
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from amltasks.agent.neutral import neutralise, one_line
from amltasks.platforms.base import CellFinished, CellStarted, KernelStarted, NotebookRun, Progress, RunEvent
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.publisher import Publisher
from amltasks.report.wording import cells_done, count_of, duration_words, ending, error_lines, summary

SOURCE_LINES = 30  # of a failing cell
ROWS = 12  # running notebooks shown at once
TITLE = 48  # characters of a running notebook's title; its end says more than its beginning
PLAIN_WIDTH = 200  # where there is no terminal, lines are as long as they are


class Terminal(Publisher):
    """Live on a terminal that can move its cursor, plain lines elsewhere. NO_COLOR and FORCE_COLOR are honoured."""

    name = "terminal"

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
        if isinstance(self._console.file, io.TextIOWrapper):
            self._console.file.reconfigure(errors="replace")
        self._running = _Running(fancy="utf" in self._console.encoding.lower())
        self._live: Live | None = None

    def begin(self, title: str, runs: Sequence[NotebookRun]) -> None:
        self._console.print(Text.assemble((one_line(title), "bold"), f": {count_of(runs)}"))
        self._running.total = len(runs)
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(
                get_renderable=self._running.render, console=self._console, refresh_per_second=8, transient=True
            )
            atexit.register(self._live.stop)  # gives the cursor back, whatever happens
            self._live.start()

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        self._running.event(run, event)
        if self._live is None and isinstance(event, KernelStarted):
            self._console.print(Text(f"running  {one_line(run.title)}"), soft_wrap=True)

    def finished(self, run: NotebookRun, result: NotebookResult) -> None:
        self._running.finished(run)
        self._console.print(_headline(result), soft_wrap=True)
        for part in _details(result):
            self._console.print(Padding(part, (0, 0, 0, 2), expand=False))

    def complete(self, report: Report, deadline: float | None = None) -> None:
        if self._live:
            self._live.stop()
            atexit.unregister(self._live.stop)
        self._console.print()
        for row in _table(report):
            self._console.print(row, soft_wrap=True)
        self._console.print()
        for note in report.notes:
            self._console.print(Text(f"note: {one_line(note, 1000)}", "yellow"), soft_wrap=True)
        for problem in report.problems:
            self._console.print(Text(f"not published: {one_line(problem, 1000)}", "yellow"), soft_wrap=True)
        good = not report.failed and not report.cancelled
        self._console.print(Text(summary(report), "bold green" if good else "bold red"))
        for name, place in report.links.items():
            self._console.print(Text(f"{one_line(name)}: {one_line(place, 1000)}"), soft_wrap=True)


class _Running:
    """What runs now, as a table; drawn from another thread than the one that tells of events."""

    def __init__(self, *, fancy: bool) -> None:
        self.total = 0
        self._done = 0
        self._rows: dict[str, _Row] = {}
        self._spinner = Spinner("dots" if fancy else "line")
        self._lock = threading.Lock()

    def event(self, run: NotebookRun, event: RunEvent) -> None:
        with self._lock:
            self._rows.setdefault(run.run_id, _Row(run.title)).event(event)

    def finished(self, run: NotebookRun) -> None:
        with self._lock:
            self._rows.pop(run.run_id, None)
            self._done += 1

    def render(self) -> RenderableType:
        with self._lock:
            table = Table.grid(padding=(0, 1), expand=True)
            for ratio in (None, None, None, None, None, 1):
                table.add_column(no_wrap=True, overflow="ellipsis", ratio=ratio)
            for row in list(self._rows.values())[:ROWS]:
                table.add_row(self._spinner, *row.cells())
            waiting = self.total - self._done - len(self._rows)
            more = f", {len(self._rows) - ROWS} more running" if len(self._rows) > ROWS else ""
            line = Text(f"{self._done} of {self.total} done{more}" + (f", {waiting} waiting" if waiting else ""), "dim")
            return Group(table, line)


class _Row:
    """One running notebook."""

    def __init__(self, title: str) -> None:
        self._title = one_line(title)
        self._started = time.monotonic()
        self._cells = self._done = 0
        self._now = "starting the kernel"

    def event(self, event: RunEvent) -> None:
        if isinstance(event, KernelStarted):
            self._cells, self._now = event.cells, ""
        elif isinstance(event, CellStarted):
            self._now = one_line(event.title)
        elif isinstance(event, CellFinished):
            self._done = event.number
        elif isinstance(event, Progress):
            self._now = one_line(event.text)

    def cells(self) -> Iterator[RenderableType]:
        yield Text(self._title if len(self._title) <= TITLE else f"…{self._title[1 - TITLE :]}")
        yield ProgressBar(total=max(self._cells, 1), completed=self._done, width=16)
        yield Text(f"{self._done}/{self._cells}" if self._cells else "")
        yield Text(duration_words(time.monotonic() - self._started))
        yield Text(self._now, "dim")


def _style(result: NotebookResult) -> str:
    if result.ok:
        return "green"
    return "yellow" if result.outcome in (Outcome.CANCELLED, Outcome.NOT_RUN) else "red"


def _headline(result: NotebookResult) -> Text:
    counted = cells_done(result)
    took = f"  ({f'{counted} cells, ' if counted else ''}{duration_words(result.duration)})"
    return Text.assemble((ending(result), f"bold {_style(result)}"), f"  {one_line(result.title)}", (took, "dim"))


def _details(result: NotebookResult) -> Iterator[RenderableType]:
    """What a person needs to know of one result beyond its outcome."""
    if result.message:
        yield Text(neutralise(result.message), _style(result))
    for note in result.notes:
        yield Text(f"note: {one_line(note, 1000)}", "dim")
    if result.leaks:
        yield Text(f"secrets were taken out of its outputs: {', '.join(map(one_line, result.leaks))}", "yellow")
    if result.ok or result.outcome in (Outcome.CANCELLED, Outcome.NOT_RUN):
        return
    cell = result.failing_cell
    if cell and cell.source:
        lines = neutralise(cell.source).strip("\n").splitlines()
        more = [f"# … {len(lines) - SOURCE_LINES} more lines …"] if len(lines) > SOURCE_LINES else []
        source = "\n".join(lines[:SOURCE_LINES] + more)
        yield Text(" ")
        yield Syntax(source, "python", theme="ansi_dark", background_color="default", line_numbers=True, word_wrap=True)
    if error := error_lines(result):
        yield Text(" ")
        for line in error[:-1]:
            yield Text(neutralise(line) or " ", "dim")
        yield Text(neutralise(error[-1]), "bold red")
        yield Text(" ")


def _table(report: Report) -> Iterator[Text]:
    rows = [(ending(result), cells_done(result), duration_words(result.duration), result) for result in report.results]
    widths = [max((len(str(row[column])) for row in rows), default=0) for column in range(3)]
    for outcome, cells, took, result in rows:
        yield Text.assemble(
            (f"{outcome:<{widths[0]}}", _style(result)),
            f"  {cells:>{widths[1]}}  {took:>{widths[2]}}  {one_line(result.title)}",
        )
