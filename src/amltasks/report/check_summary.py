"""Checks as Markdown, for the run's summary page: the tables of the report, every check on a line, failures in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amltasks.report.check_tables import tables
from amltasks.report.checks import CheckOutcome, CheckReport
from amltasks.report.checks_wording import OUTCOMES, summary
from amltasks.report.markdown import escaped, fenced
from amltasks.report.wording import duration_words

ROWS = 200  # of a table
DETAILS = 20  # failures told in full
SYMBOLS = {
    CheckOutcome.PASSED: "✅",
    CheckOutcome.FAILED: "❌",
    CheckOutcome.UNKNOWN: "❔",
    CheckOutcome.NOT_RUN: "⏹️",
}


def checks_markdown(report: CheckReport) -> str:
    """The report as Markdown, of bounded length."""
    parts = [_head(report), _tables(report), _checks(report), _failures(report), _remarks(report)]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _head(report: CheckReport) -> Iterator[str]:
    yield f"### {escaped(report.title)}"
    yield ""
    yield f"**{escaped(summary(report), 500)}**"
    yield ""


def _tables(report: CheckReport) -> Iterator[str]:
    for title, rows in tables(report):
        yield f"#### {escaped(title)}"
        yield ""
        yield from _table(rows)


def _checks(report: CheckReport) -> Iterator[str]:
    if report.checks:
        yield from _table(
            [
                ("", "Check", "Outcome", "Time", ""),
                *(
                    (
                        SYMBOLS[check.outcome],
                        f"{check.group}: {check.name}" if check.group else check.name,
                        OUTCOMES[check.outcome],
                        duration_words(check.duration) if check.started_at else "",
                        check.message,
                    )
                    for check in report.checks
                ),
            ]
        )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    heads, *items = rows
    width = len(heads)
    yield _row(heads, width)
    yield f"|{' --- |' * width}"
    yield from (_row(item, width) for item in items[:ROWS])
    if len(items) > ROWS:
        yield _row((f"and {len(items) - ROWS} more",), width)
    yield ""


def _row(cells: Sequence[str], width: int) -> str:
    return f"| {' | '.join(escaped(cell) for cell in [*cells, *[''] * width][:width])} |"


def _failures(report: CheckReport) -> Iterator[str]:
    told = [check for check in report.failed if check.details]
    for check in told[:DETAILS]:
        yield f"#### {escaped(check.name, 200)}"
        yield ""
        yield escaped(check.message, 1000)
        yield ""
        yield from fenced(check.details, "text", from_end=False)
    if len(told) > DETAILS:
        yield f"{len(told) - DETAILS} more failures are told in the test results."
        yield ""


def _remarks(report: CheckReport) -> Iterator[str]:
    yield from (f"{escaped(note, 500)}\n" for note in report.notes)
    if report.problems:
        yield "#### Not published"
        yield ""
        yield from (f"- {escaped(problem, 500)}" for problem in report.problems)
