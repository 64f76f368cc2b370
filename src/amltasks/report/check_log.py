"""Checks in the agent's log: a line each, what failed in full below it, and an issue for each failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amltasks.agent import commands
from amltasks.agent.neutral import one_line
from amltasks.agent.output import Output
from amltasks.report.check_tables import tables
from amltasks.report.checks import Check, CheckOutcome, CheckReport
from amltasks.report.checks_wording import OUTCOMES, reason, summary
from amltasks.report.issues import LINE_LENGTH, Issues
from amltasks.report.wording import duration_words, last_lines

DETAIL_LINES = 60  # of a check that failed


def write_checks(report: CheckReport, output: Output) -> None:
    """All of the report, when all is over."""
    errors, warnings = Issues(output, "error"), Issues(output, "warning")
    for line in checks_lines(report):
        output.text(line)
    for check in report.checks:
        if check.outcome is CheckOutcome.FAILED:
            errors.add(reason(check))
        elif check.outcome is CheckOutcome.UNKNOWN:
            warnings.add(reason(check))
    for problem in report.problems:
        warnings.add(problem)
    errors.close("more checks have failed; the log above has them all")
    warnings.close("more warnings are in the log above")
    output.command(commands.section(output.redacted(summary(report))))
    for name, place in report.links.items():
        output.text(f"  {one_line(name)}: {one_line(place, LINE_LENGTH)}")


def checks_lines(report: CheckReport) -> Iterator[str]:
    """Tables, checks and notes as lines of plain text."""
    for title, rows in tables(report):
        yield from ("", one_line(title), *aligned(rows))
    yield ""
    for check in report.checks:
        took = f"  ({duration_words(check.duration)})" if check.started_at else ""
        yield f"{OUTCOMES[check.outcome]:<8} {one_line(f'{check.group}: {check.name}')}{took}"
        if check.message:
            yield f"    {one_line(check.message, LINE_LENGTH)}"
        yield from _details(check)
    yield ""
    yield from (f"note: {one_line(note, LINE_LENGTH)}" for note in report.notes)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table with its columns below one another."""
    plain = [[one_line(cell) for cell in row] for row in rows]
    columns = max(map(len, plain), default=0)
    widths = [max(len(row[column]) for row in plain if column < len(row)) for column in range(columns)]
    for row in plain:
        yield "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip()


def _details(check: Check) -> Iterator[str]:
    if check.outcome is CheckOutcome.FAILED:
        yield from (f"    {line[:LINE_LENGTH]}" for line in last_lines(check.details, DETAIL_LINES))
