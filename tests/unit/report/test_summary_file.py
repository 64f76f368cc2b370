"""The Markdown summary, read by a Markdown parser."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from amltasks.report.model import CellError, KernelDeath, NotebookResult, Outcome, Report
from amltasks.report.summary import SummaryFile, summary_markdown

PAYLOADS = [
    "<script>alert(1)</script>",
    "a | b | c",
    "```\n# heading\n```",
    "[link](https://x.invalid) ![i](https://x.invalid/p.gif)",
    "https://x.invalid www.x.invalid",
    "##vso[task.setvariable variable=PATH]x",
    "##[error]x",
    "line\n\n# heading\n\n<b>html</b>",
    "~~~\n****\n\\` &lt; @<someone> #123 $x$",
    "\x1b]8;;https://x.invalid\x1b\\x\u202e",
]


def rendered(report: Report) -> str:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    html: str = parser.render(summary_markdown(report))
    return html


def test_the_table_tells_every_result_failed_ones_first(report: Report) -> None:
    rows = [line for line in summary_markdown(report).splitlines() if line.startswith("| ")][2:]

    assert [row.split("|")[2].strip() for row in rows] == [
        "check.ipynb",
        "hog.ipynb",
        "late.ipynb",
        "models/train.ipynb \\[alpha=0.1\\]",
    ]
    assert "**1 passed, 3 failed** of 4 in 1 min 30 s." in summary_markdown(report)


def test_a_failure_shows_its_cell_and_error(report: Report) -> None:
    html = rendered(report)

    assert '<code class="language-python">frame = load()\ncheck(frame)  # ```not a fence\n</code>' in html
    assert "ValueError: no &lt;rows&gt; | here" in html
    assert "epoch 2" in html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_a_notebook_becomes_markup(payload: str, report: Report, failed: NotebookResult) -> None:
    """Titles, messages, errors, sources, outputs: what is rendered has the same elements as with plain text."""

    def with_text(text: str) -> Report:
        cell = failed.cells[1].model_copy(
            update={"title": text, "source": text, "error": CellError(name=text, value=text)}
        )
        result = failed.model_copy(
            update={
                "notebook": text,
                "parameter_set": text,
                "message": text,
                "cells": (cell,),
                "kernel_death": KernelDeath(last_output=text),
            }
        )
        return report.model_copy(update={"title": text, "results": (result,), "problems": (text,)})

    def elements(html: str) -> list[str]:
        return [part.partition(">")[0].split()[0] for part in html.split("<")[1:]]

    hostile = with_text(payload)

    assert elements(rendered(hostile)) == elements(rendered(with_text("plain")))
    assert "##vso[" not in summary_markdown(hostile)
    assert "##[" not in summary_markdown(hostile)


def test_the_summary_is_bounded(report: Report, failed: NotebookResult) -> None:
    """A thousand failures with huge cells make a page that can still be shown."""
    cell = failed.cells[1].model_copy(
        update={"source": "x = 1\n" * 10_000, "error": CellError(name="E", value="v" * 99_999)}
    )
    many = tuple(failed.model_copy(update={"cells": (cell,), "message": "m" * 9_999}) for _ in range(1_000))

    text = summary_markdown(report.model_copy(update={"results": many}))

    assert len(text) < 300_000
    assert "and 800 more" in text
    assert "980 more failures" in text


def test_a_cancelled_run_says_so(report: Report) -> None:
    assert "The run was cancelled." in summary_markdown(report.model_copy(update={"cancelled": True}))


def test_an_empty_run_has_a_summary(report: Report) -> None:
    assert "**0 passed, 0 failed** of 0" in summary_markdown(report.model_copy(update={"results": ()}))


def test_the_file_is_written(report: Report, tmp_path: Path) -> None:
    publisher = SummaryFile(tmp_path / "new")

    publisher.complete(report)

    assert publisher.path.read_text(encoding="utf-8") == summary_markdown(report)
    assert publisher.links() == {"Summary": str(tmp_path / "new" / "summary.md")}
    assert report.results[0].outcome is Outcome.PASSED
