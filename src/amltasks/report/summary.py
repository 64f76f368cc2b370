"""The Markdown summary that Azure DevOps shows on a run's Extensions tab: a table, then every failure with its cell.

All foreign text is escaped or fenced, and holds no logging command, should somebody print the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from amltasks.report.files import write_whole
from amltasks.report.markdown import escaped, fenced
from amltasks.report.model import NotebookResult, Report
from amltasks.report.publisher import Publisher
from amltasks.report.results_table import failed_first, results_table
from amltasks.report.wording import duration_words, origin_words

NAME = "summary.md"
ROW_LIMIT = 200  # results in the table, failed ones first
DETAIL_LIMIT = 20  # failures told in full


class SummaryFile(Publisher):
    """Writes `summary.md` when all is over; the agent is told of it by `task.uploadsummary`."""

    name = "Summary"

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def complete(self, report: Report, deadline: float | None = None) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, summary_markdown(report))

    def links(self) -> dict[str, str]:
        return {"Summary": str(self.path)}


def summary_markdown(report: Report) -> str:
    """The report as Markdown, of bounded length."""
    return "\n".join([*_head(report), *_table(report), *_failures(report), *_problems(report)]).rstrip() + "\n"


def _head(report: Report) -> Iterator[str]:
    passed, failed = len(report.passed), len(report.failed)
    took = duration_words((report.finished_at - report.started_at).total_seconds())
    yield f"### {escaped(report.title)}"
    yield ""
    state = "The run was cancelled. " if report.cancelled else ""
    yield f"{state}**{passed} passed, {failed} failed** of {len(report.results)} in {took}."
    yield ""


def _table(report: Report) -> Iterator[str]:
    if not report.results:
        return
    shown = failed_first(report.results, ROW_LIMIT)
    yield from results_table(shown, escaped, lambda result: escaped(result.message, 300) or _origin(result))
    if len(report.results) > len(shown):
        yield f"| | and {len(report.results) - len(shown)} more | | | |"
    yield ""


def _origin(result: NotebookResult) -> str:
    """Where a reused result comes from, as a link to that build; empty for others."""
    if result.reused_from is None:
        return ""
    words = escaped(f"from {origin_words(result.reused_from)}")
    return f"[{words}]({result.reused_from.url})" if result.reused_from.url else words


def _failures(report: Report) -> Iterator[str]:
    told = [result for result in report.failed if result.failing_cell or result.kernel_death]
    for result in told[:DETAIL_LIMIT]:
        yield f"#### {escaped(result.title, 200)}"
        yield ""
        yield from _failure(result)
    if len(told) > DETAIL_LIMIT:
        yield f"{len(told) - DETAIL_LIMIT} more failures are told in the notebooks' pages."
        yield ""


def _failure(result: NotebookResult) -> Iterator[str]:
    cell = result.failing_cell
    if cell is not None:
        yield f"Cell: {escaped(cell.title, 200)}"
        yield ""
        if cell.source.strip():
            yield from fenced(cell.source, "python", from_end=False)
        if cell.error is not None:
            # The whole traceback is on the page; what people look for stands at its end.
            yield from fenced(f"{cell.error.name}: {cell.error.value}", "text", from_end=False)
    if result.kernel_death is not None and result.kernel_death.last_output.strip():
        yield "Last output:"
        yield ""
        yield from fenced(result.kernel_death.last_output, "text", from_end=True)


def _problems(report: Report) -> Iterator[str]:
    yield from (f"{escaped(note, 500)}\n" for note in report.notes)
    if report.problems:
        yield "#### Not published"
        yield ""
        yield from (f"- {escaped(problem, 500)}" for problem in report.problems)
