"""What a pull request's comment says: a table, every failure, what has changed against the target branch, figures.

All text of notebooks is escaped or fenced, so that it is neither markup nor a link, mentions nobody and no work item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from amltasks.report.earlier_values import Change, EarlierRun
from amltasks.report.markdown import escaped, fenced
from amltasks.report.model import NotebookResult, Report
from amltasks.report.results_table import SYMBOLS, failed_first, results_table
from amltasks.report.wording import summary

LONGEST = 120_000  # characters; Azure DevOps takes 150,000, and its way of counting is not known
ROWS = 50
CHANGED_ROWS = 30
FAILURES = 5

_MENTION = re.compile(r"@(?=<)|[#!](?=\d)")
_CUT = "More is told on the build's page."


@dataclass(frozen=True)
class CommentParts:
    """What a comment is made of beside the report.

    red: whether the step fails. build: its number and page. update: of the pull request, 0 where it is not known.
    links: name → address. earlier: what the results are compared with; changes: what is different there. pictures:
    title and address.
    """

    red: bool
    build: tuple[str, str] = ("", "")
    update: int = 0
    links: Mapping[str, str] = field(default_factory=dict)
    earlier: EarlierRun | None = None
    changes: Sequence[Change] = ()
    pictures: Sequence[tuple[str, str]] = ()


def comment(report: Report, parts: CommentParts) -> str:
    """Markdown of bounded length."""
    end = "\n".join(_foot(parts))
    text = "\n".join(_head(report, parts))
    sections = [_table(report), *map(_failure, _told(report)), _rest(report), _changes(parts), _pictures(parts)]
    for section in sections:
        block = "\n".join(section)
        if not block:
            continue
        if len(text) + len(block) + len(end) > LONGEST:
            text += f"\n{_CUT}\n"
            break
        text += f"\n{block}"
    return f"{text}\n{end}\n"


def _head(report: Report, parts: CommentParts) -> Iterator[str]:
    yield f"### {SYMBOLS[not parts.red]} {_text(report.title)}: {summary(report)}"
    yield ""


def _table(report: Report) -> Iterator[str]:
    if not report.results:
        return
    shown = failed_first(report.results, ROWS)
    yield from results_table(shown, _text, lambda result: _text(result.message, 300))
    left = report.results if len(report.results) > ROWS else ()
    if left:
        failed = len(report.failed) - sum(not result.ok for result in shown)
        yield f"| | and {len(left) - ROWS} more, of which {failed} failed | | | |"
    yield ""


def _changes(parts: CommentParts) -> Iterator[str]:
    if parts.earlier is None:
        return
    where = f"{_link(f'build {parts.earlier.build}', parts.earlier.url)} of {_text(parts.earlier.branch)}"
    if not parts.changes:
        yield f"The values that the notebooks recorded are those of {where}."
        yield ""
        return
    yield f"Recorded values against {where}:"
    yield ""
    yield f"| Notebook | Value | {_text(parts.earlier.branch)} | here | Change |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for change in parts.changes[:CHANGED_ROWS]:
        cells = (change.title, change.name, change.before, change.now, change.difference)
        yield f"| {' | '.join(_text(cell, 120) for cell in cells)} |"
    if len(parts.changes) > CHANGED_ROWS:
        yield f"| and {len(parts.changes) - CHANGED_ROWS} more | | | | |"
    yield ""


def _pictures(parts: CommentParts) -> Iterator[str]:
    if not parts.pictures:
        return
    yield "Last figures:"
    yield ""
    yield f"| {' | '.join(_text(title, 80) for title, _ in parts.pictures)} |"
    yield "|" + " --- |" * len(parts.pictures)
    yield f"| {' | '.join('!' + _link('last figure', address) for _, address in parts.pictures)} |"
    yield ""


def _told(report: Report) -> list[NotebookResult]:
    return [result for result in report.failed if result.failing_cell or result.kernel_death][:FAILURES]


def _failure(result: NotebookResult) -> Iterator[str]:
    cell, death = result.failing_cell, result.kernel_death
    yield f"#### {_text(result.title)}"
    yield ""
    if cell is not None:
        yield f"Cell: {_text(cell.title)}"
        yield ""
        if cell.source.strip():
            yield from map(_unmentioned, fenced(cell.source, "python", from_end=False))
        if cell.error is not None:
            yield from map(_unmentioned, fenced(f"{cell.error.name}: {cell.error.value}", "text", from_end=False))
    if death is not None and death.last_output.strip():
        yield "Last output:"
        yield ""
        yield from map(_unmentioned, fenced(death.last_output, "text", from_end=True))


def _rest(report: Report) -> Iterator[str]:
    told = [result for result in report.failed if result.failing_cell or result.kernel_death]
    if len(told) > FAILURES:
        yield f"{len(told) - FAILURES} more failures are told on the build's page."
        yield ""


def _foot(parts: CommentParts) -> Iterator[str]:
    links = [_link(name, address) for name, address in parts.links.items()]
    number, page = parts.build
    which = [_link(f"build {number}", page)] if number else []
    update = [f"update {parts.update}"] if parts.update else []
    yield " · ".join([*links, *which, *update])


def _link(words: str, address: str) -> str:
    """address: made by us or by the service; only what would end the link is taken care of."""
    return f"[{_text(words)}]({address.replace(' ', '%20').replace('(', '%28').replace(')', '%29')})"


def _text(text: str, limit: int = 200) -> str:
    return _unmentioned(escaped(text, limit))


def _unmentioned(text: str) -> str:
    """The service looks for mentions in plain text, too: a joiner without width keeps their parts apart."""
    return _MENTION.sub("\\g<0>\u2060", text)
