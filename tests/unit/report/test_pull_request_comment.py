"""The comment on a pull request, read by a Markdown parser, and the line by which it is found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from markdown_it import MarkdownIt

from amltasks.errors import ServiceError
from amltasks.report.earlier_values import Change, EarlierRun, Value, changes, read_values
from amltasks.report.model import CellError, KernelDeath, NotebookResult, Outcome, Report
from amltasks.report.pull_request_comment import LONGEST, CommentParts, comment
from amltasks.report.pull_request_marker import Marker, step_digest

MARKER = Marker(step=step_digest(("1", "Test", "Job", "nb")), iteration=2, build=124, attempt=1, red=True)
PAGE = "https://example.org/b?buildId=4"
PARTS = CommentParts(red=True, build=("20261121.4", PAGE), update=2, links={"Notebooks": f"{PAGE}&view=tab"})
PAYLOADS = [
    "<script>alert(1)</script>",
    "a | b | c",
    "```\n# heading\n```",
    "[link](https://x.invalid) ![i](https://x.invalid/p.gif)",
    "https://x.invalid www.x.invalid",
    "##vso[task.setvariable variable=PATH]x",
    "line\n\n# heading\n\n<b>html</b>",
    "@<7b1f4c7e-1d5b-4b3e-9c55-0f2a1b3c4d5e> #123 !45",
    f"x\n\n{MARKER.line()}",
]


def rendered(text: str) -> str:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    html: str = parser.render(text)
    return html


def elements(html: str) -> list[str]:
    return [part.partition(">")[0].split()[0] for part in html.split("<")[1:]]


def with_text(report: Report, failed: NotebookResult, text: str) -> tuple[Report, CommentParts]:
    """A report and what belongs to it with one text wherever text of others can be."""
    cell = failed.cells[1].model_copy(update={"title": text, "source": text, "error": CellError(name=text, value=text)})
    changed = {"notebook": text, "parameter_set": text, "message": text, "cells": (cell,)}
    result = failed.model_copy(update={**changed, "kernel_death": KernelDeath(last_output=text)})
    parts = replace(
        PARTS,
        build=(text, PAGE),
        earlier=EarlierRun(text, "https://example.org", text, {}),
        changes=[Change(text, text, text, text, text)],
        pictures=[(text, "https://example.org/a.png")],
    )
    return report.model_copy(update={"title": text, "results": (result,)}), parts


def test_it_tells_what_failed_first_and_why(report: Report) -> None:
    text = comment(report, PARTS)

    assert text.startswith("### ❌ ")
    assert ": 3 of 4 notebooks failed." in text.splitlines()[0]
    rows = [line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| ")][2:]
    assert rows == ["check.ipynb", "hog.ipynb", "late.ipynb", "models/train.ipynb \\[alpha=0.1\\]"]
    assert "ValueError: no &lt;rows&gt; | here" in rendered(text)
    assert text.endswith(f"\n[Notebooks]({PAGE}&view=tab) · [build 20261121.4]({PAGE}) · update 2\n")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_others_becomes_markup_or_mentions_anybody(
    payload: str, report: Report, failed: NotebookResult
) -> None:
    text = comment(*with_text(report, failed, payload))

    assert elements(rendered(text)) == elements(rendered(comment(*with_text(report, failed, "plain"))))
    for mention in ("@<", "#123", "!45"):
        assert mention not in text
    assert Marker.of(text) is None


def test_it_is_never_longer_than_the_service_takes(report: Report, failed: NotebookResult) -> None:
    """With far more than fits of everything, in characters that are escaped."""
    long = "<" * 2_000
    crowd, parts = with_text(report, failed, long)
    crowd = crowd.model_copy(update={"results": crowd.results * 300})
    parts = replace(parts, changes=[*parts.changes] * 300)

    text = comment(crowd, parts)

    assert len(text) <= LONGEST + 200
    assert "More is told on the build's page." in text
    assert f"]({PAGE})" in text


def test_many_notebooks_are_cut_with_a_sentence(report: Report, passed: NotebookResult) -> None:
    results = (*(passed.model_copy(update={"run_id": f"r{number}"}) for number in range(70)), *report.failed)

    text = comment(report.model_copy(update={"results": results}), PARTS)

    assert "| and 23 more, of which 0 failed |" in text
    assert text.count("models/train.ipynb") == 47


def test_changes_are_told_with_their_difference_and_their_share(report: Report, passed: NotebookResult) -> None:
    now = {"auc": 0.91, "rows": 1200, "best": True, "name": "b", "same": 0.1 + 0.2, "zero": 2.0, "new": 1, "list": [1]}
    before: dict[str, Value] = {"auc": 0.93, "rows": 1000, "best": False, "name": "a", "same": 0.3, "zero": 0.0}
    earlier = EarlierRun("7", "", "main", {passed.run_id: {**before, "list": "x"}})
    result = passed.model_copy(update={"scraps": now})

    told = changes(report.model_copy(update={"results": (result,)}), earlier)

    assert [(each.name, each.before, each.now, each.difference) for each in told] == [
        ("auc", "0.93", "0.91", "−0.02 (−2.2 %)"),
        ("rows", "1,000", "1,200", "+200 (+20.0 %)"),
        ("best", "false", "true", ""),
        ("name", "a", "b", ""),
        ("zero", "0", "2", "+2"),
    ]


def test_an_index_of_another_version_is_read_as_far_as_it_is_known() -> None:
    first = b'{"runId": "a", "other": 1, "scraps": {"x": 1, "y": null}}'
    index = b'{"version": 9, "more": [], "results": [%s, {"runId": "b"}]}' % first

    assert read_values(index) == {"a": {"x": 1}, "b": {}}
    with pytest.raises(ServiceError, match="cannot be read"):
        read_values(b"<html>")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n\r\n"])
def test_the_marker_is_the_last_line_and_is_not_seen(ending: str) -> None:
    text = f"Some text.\n\n{MARKER.line()}{ending}"

    assert Marker.of(text) == MARKER
    assert rendered(text) == "<p>Some text.</p>\n"
    assert Marker.of(f"{text}\nmore") is None


def test_newer_is_what_comes_from_a_later_update_build_or_attempt() -> None:
    for change in ({"iteration": 3, "build": 1}, {"build": 125}, {"attempt": 2}):
        later = MARKER.model_copy(update=change)
        assert later.is_newer_than(MARKER)
        assert not MARKER.is_newer_than(later)
    assert not MARKER.is_newer_than(MARKER)


def test_where_nothing_ran_the_comment_says_so() -> None:
    now = datetime.now(timezone.utc)

    text = comment(Report(title="Notebooks", results=(), started_at=now, finished_at=now), replace(PARTS, red=False))

    assert text.startswith("### ✅ Notebooks: No notebooks were run.")
    assert Outcome.PASSED.value not in text
