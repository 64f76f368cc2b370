"""The table of results in Markdown: of the summary and of the pull request's comment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from amltasks.report.model import NotebookResult, Outcome
from amltasks.report.wording import duration_words, outcome_words

SYMBOLS = {True: "✅", False: "❌"}

_UNFINISHED = {Outcome.CANCELLED, Outcome.NOT_RUN}


def failed_first(results: Sequence[NotebookResult], most: int) -> list[NotebookResult]:
    return sorted(results, key=lambda result: result.ok)[:most]


def results_table(
    shown: Sequence[NotebookResult], text: Callable[[str, int], str], last: Callable[[NotebookResult], str]
) -> Iterator[str]:
    """The heads and a row for each result. text: escapes foreign text, cut to a length. last: the last column."""
    yield "| | Notebook | Outcome | Time | |"
    yield "| --- | --- | --- | ---: | --- |"
    for result in shown:
        cells = (
            "⏹️" if result.outcome in _UNFINISHED else SYMBOLS[result.ok],
            text(result.title, 200),
            text(outcome_words(result), 200),
            duration_words(result.duration).replace(" ", "\u00a0"),
            last(result),
        )
        yield f"| {' | '.join(cells)} |"
