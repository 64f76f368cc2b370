"""What changed in a notebook since an earlier run: cells that find each other, and what is said of the differences."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from amltasks.report.model import CellOutcome, Outcome
from amltasks.report.tab_records import CellKind, CellsRecord, OutputKind, RecordedCell, RecordedOutput
from tests.tab.notebook_pages import AXE, View, built, serving, view
from tests.tab.recorded import Run, index, png, recording, result

pytestmark = pytest.mark.xdist_group("tab")

SUMS = "reports/sums.ipynb"


@pytest.fixture(scope="module")
def shown(driven_browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    with serving(built(tmp_path_factory)) as address, view(driven_browser, address) as opened:
        yield opened
        assert opened.log == []


def _cell(source: str, *outputs: RecordedOutput, **more: Any) -> RecordedCell:
    about: dict[str, Any] = {
        "position": 0,
        "kind": CellKind.CODE,
        "outcome": CellOutcome.PASSED,
        "duration": 0.1,
        **more,
    }
    return RecordedCell(source=source, outputs=outputs, **about)


def _text(text: str, **more: Any) -> RecordedOutput:
    return RecordedOutput(**{"kind": OutputKind.TEXT, "name": "stdout", "text": text, "digest": text, **more})


def _figure(width: int) -> RecordedOutput:
    image = base64.b64encode(png(width, 6)).decode()
    return RecordedOutput(kind=OutputKind.IMAGE, mime="image/png", image=image, digest=str(width))


def _json(cells: list[RecordedCell]) -> list[Any]:
    return [cell.model_dump(mode="json", by_alias=True) for cell in cells]


def _compared(shown: View, before: list[RecordedCell], after: list[RecordedCell]) -> list[Any]:
    return list(shown.call("compare", _json(before), _json(after)))


def _kinds(changes: list[Any]) -> list[str]:
    """`changed a → b`, in the order shown."""
    sources = [
        (change["before"] or {}).get("source", "") + " → " + (change["after"] or {}).get("source", "")
        for change in changes
    ]
    moved = [" moved" if change["moved"] else "" for change in changes]
    return [f"{change['kind']}{move} {source}" for change, move, source in zip(changes, moved, sources, strict=True)]


def test_cells_find_each_other_by_their_ids(shown: View) -> None:
    """Whatever has become of their sources; what is new and what is gone stand in their places."""
    before = [_cell("one", id="1"), _cell("two", id="2"), _cell("three", id="3")]
    after = [_cell("one", id="1"), _cell("new", id="9"), _cell("quite other", id="3")]

    assert _kinds(_compared(shown, before, after)) == [
        "same one → one",
        "added  → new",
        "removed two → ",
        "changed three → quite other",
    ]


def test_cells_without_ids_find_each_other_by_their_sources(shown: View) -> None:
    """Old notebooks have none, and those that were made up for a run are others in the next one."""
    before = [_cell("import a"), _cell("model = Ridge(alpha=1.0)\nmodel.fit(X, y)", id="x"), _cell("print(a)")]
    after = [
        _cell("# new\nfresh()"),
        _cell("import a"),
        _cell("model = Ridge(alpha=0.5)\nmodel.fit(X, y)", id="z"),
        _cell("print(a)"),
    ]

    assert [kind.split()[0] for kind in _kinds(_compared(shown, before, after))] == ["added", "same", "changed", "same"]


def test_a_cell_that_has_moved_is_told_once(shown: View) -> None:
    before = [_cell(source) for source in ("a()", "b()", "c()", "d()")]
    after = [_cell(source) for source in ("a()", "c()", "d()", "b()")]

    assert _kinds(_compared(shown, before, after)) == [
        "same a() → a()",
        "same c() → c()",
        "same d() → d()",
        "changed moved b() → b()",
    ]


def test_repeated_ids_and_empty_cells_do_no_harm(shown: View) -> None:
    before = [_cell("a", id="1"), _cell("b", id="1"), _cell(""), _cell("")]
    after = [_cell("b", id="1"), _cell("a", id="1"), _cell("")]

    changes = _compared(shown, before, after)

    assert sorted(change["kind"] for change in changes) == ["changed", "removed", "same", "same"]


def test_outputs_are_the_same_by_their_digests(shown: View) -> None:
    """A text that was cut may be other behind that; one that says where an object lay in memory counts as the same."""
    before = [_cell("a", _text("x", digest="1", cut=9), _text("at 0x7f01", digest="same")), _cell("b", _figure(8))]
    after = [_cell("a", _text("x", digest="2", cut=9), _text("at 0x7f02", digest="same")), _cell("b", _figure(8))]

    changed, same = _compared(shown, before, after)

    assert [output["before"]["digest"] for output in changed["outputs"]] == ["1"]
    assert (changed["kind"], same["kind"]) == ("changed", "same")


def test_what_was_not_executed_this_time_is_no_change_of_its_outputs(shown: View) -> None:
    """After a failure nobody wants to read that all later outputs are gone."""
    before = [_cell("a", _text("1")), _cell("b", _text("2")), _cell("c", _text("3"))]
    after = [
        _cell(
            "a",
            RecordedOutput(kind=OutputKind.ERROR, name="ValueError", text="no", digest="no"),
            outcome=CellOutcome.FAILED,
        ),
        _cell("b", outcome=CellOutcome.NOT_EXECUTED, duration=None),
        _cell("c", outcome=CellOutcome.NOT_EXECUTED, duration=None),
    ]

    changes = _compared(shown, before, after)

    assert [change["kind"] for change in changes] == ["changed", "notExecuted", "notExecuted"]
    assert shown.call("summary", changes) == "1 cell changed, 2 not executed this time."
    assert [group["words"] for group in shown.call("groups", changes)] == ["", "2 cells not executed this time"]


@pytest.mark.parametrize(
    ("before", "after", "noticed"),
    [(4.0, 9.0, True), (9.0, 4.0, True), (0.1, 0.9, False), (60.0, 62.0, False), (None, 9.0, False)],
)
def test_durations_are_told_where_they_are_noticed(
    before: float | None, after: float, noticed: bool, shown: View
) -> None:
    [change] = _compared(shown, [_cell("a", duration=before)], [_cell("a", duration=after)])

    assert (change["durations"] is not None) is noticed
    assert (change["kind"] == "changed") is noticed


def test_words_that_differ_are_marked_in_their_lines(shown: View) -> None:
    found = shown.call("lines", "keep\nmodel = Ridge(alpha=1.0)\n", "keep\nmodel = Ridge(alpha=0.55)\nmore\n")
    replaced = shown.call("lines", "model = Ridge(alpha=1.0)", "model = Ridge(alpha=0.55)")

    assert [(line["kind"], "".join(piece["text"] for piece in line["pieces"])) for line in found] == [
        ("same", "keep"),
        ("removed", "model = Ridge(alpha=1.0)"),
        ("added", "model = Ridge(alpha=0.55)"),
        ("added", "more"),
    ]
    assert [[piece["text"] for piece in line["pieces"] if piece["marked"]] for line in replaced] == [["1.0"], ["0.55"]]


def test_long_texts_are_folded_to_what_is_near_a_change(shown: View) -> None:
    before = "\n".join(f"line {number}" for number in range(100))
    whole = shown.call("lines", before, before.replace("line 50", "other"))

    kinds = [line["kind"] for line in shown.call("folded", whole)]

    assert kinds == ["gap", *["same"] * 3, "removed", "added", *["same"] * 3, "gap"]


def test_texts_that_have_nothing_in_common_take_no_time(shown: View) -> None:
    """Twenty thousand lines of which none is as it was: found out by giving up, and bounded where it is shown."""
    texts = ["\n".join(f"{name} {number}" for number in range(10_000)) for name in ("old", "new")]

    count, last = shown.tab.evaluate(
        "texts => {const lines = page.folded(page.lines(...texts)); return [lines.length, lines.at(-1)]}", texts
    )

    assert (count, last) == (401, {"kind": "gap", "count": 19_600, "changed": True})


def test_numbers_that_changed_are_told_by_the_words_before_them(shown: View) -> None:
    before = "epoch 3\nmae: 41.2, r2 = 0.50\ntook 12 s\nv1.2.3 of x1\nzero: 0"
    after = "epoch 3\nmae: 39.9, r2 = 0.50\ntook 12 s\nv1.2.4 of x1\nzero: 1e-3"

    found = shown.call("changedNumbers", shown.call("lines", before, after))

    assert [(number["label"], number["before"], number["after"]) for number in found] == [
        ("mae", 41.2, 39.9),
        ("zero", 0, 0.001),
    ]
    assert found[0]["share"] == pytest.approx(-0.03155, rel=1e-3)
    assert found[1]["share"] is None


def _recorded(
    after: list[RecordedCell], *earlier: tuple[Outcome, list[RecordedCell]], branch: str = "refs/heads/main"
) -> dict[str, Any]:
    """A run, and those before it, the newest first."""
    runs = []
    for number, (outcome, cells) in enumerate([(Outcome.PASSED, after), *earlier]):
        name = f"{number}.cells.json"
        record = CellsRecord(run_id="sums", cells=tuple(cells)).model_dump_json(by_alias=True).encode()
        row = result(SUMS, outcome, record=name, duration=10.0 + number)
        runs.append(Run(9 - number, (index([row]),), branch=branch, files={name: record}))
    return recording(*runs)


BEFORE = [_cell("a()"), _cell("b()"), _cell("score(m)", _text("mae: 41.2\n"), _figure(8), position=2, number="[3]")]
AFTER = [_cell("a()"), _cell("b()"), _cell("score(n)", _text("mae: 39.9\n"), _figure(9), position=2, number="[3]")]


def test_the_view_compares_with_the_last_run_that_passed(shown: View) -> None:
    """Not with a later one that failed; that one can be chosen."""
    failed = [_cell("score(x)", _text("mae: 1\n"), position=0)]
    shown.show(_recorded(AFTER, (Outcome.FAILED, failed), (Outcome.PASSED, BEFORE)), SUMS, view="changes")
    tab = shown.tab

    expect(tab.locator(".changes-summary")).to_have_text(
        "1 cell changed, 2 unchanged. It took 10.0 s instead of 12.0 s."
    )
    expect(tab.locator(".changes-baseline option:checked")).to_have_text(
        "20261121.7 on main: passed (the last one that did)"
    )
    expect(tab.locator(".changes-same")).to_contain_text("2 cells unchanged")
    expect(tab.locator(".changes-cell h2")).to_have_text("[3] score(n)")
    expect(tab.locator(".changes-numbers")).to_have_text("mae 41.2 → 39.9 (−3.2 %)")
    assert tab.locator(".changes-pictures img").count() == 2
    assert tab.locator(".changes-text del mark").all_inner_texts() == ["m", "41.2"]

    tab.click("text=One over the other")
    assert tab.locator(".changes-overlay img").count() == 2
    tab.select_option(".changes-baseline select", label="20261121.8 on main: failed")

    expect(tab.locator(".changes-summary")).to_have_text("1 cell changed, 2 new.")


def test_a_cell_is_shown_in_the_notebook(shown: View) -> None:
    shown.show(_recorded(AFTER, (Outcome.PASSED, BEFORE)), SUMS, view="changes")

    shown.tab.click("text=Show in the notebook")

    assert (shown.call("place")["view"], shown.call("place")["cell"]) == ("page", "cell-2")


def test_a_notebook_that_has_never_passed_says_so(shown: View) -> None:
    shown.show(_recorded(AFTER), SUMS, view="changes")
    expect(shown.tab.locator(".changes")).to_have_text("This notebook has not yet passed on main.")

    shown.show(_recorded(AFTER, (Outcome.FAILED, BEFORE)), SUMS, view="changes")
    expect(shown.tab.locator(".changes")).to_contain_text(
        "This notebook has not yet passed on main. Choose a run to compare it with."
    )


def test_what_differs_only_where_the_record_was_cut_is_told(shown: View) -> None:
    before, after = ([_cell("a", _text("the beginning", digest=digest, cut=70_000))] for digest in "12")
    shown.show(_recorded(after, (Outcome.PASSED, before)), SUMS, view="changes")

    expect(shown.tab.locator(".changes-output")).to_contain_text(
        "It differs in what the record leaves out: 70,000 characters."
    )


@pytest.mark.parametrize(
    "record",
    [
        b"{",
        b"[]",
        json.dumps({"version": 2, "cells": []}).encode(),
        json.dumps({"version": 1, "cells": [{"source": 3}]}).encode(),
    ],
)
def test_a_record_that_is_none_is_a_sentence(record: bytes, shown: View) -> None:
    """Anybody can attach anything under its name."""
    recorded = _recorded(AFTER, (Outcome.PASSED, BEFORE))
    recorded["runs"][0]["files"]["0.cells.json"] = base64.b64encode(record).decode()
    shown.show(recorded, SUMS, view="changes")

    expect(shown.tab.get_by_role("alert")).to_contain_text(
        "The record of the cells of this run is not one that this page can read"
    )


def test_markup_in_a_record_is_text(shown: View) -> None:
    """Sources, outputs, names and pictures that are none."""
    payload = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    picture = RecordedOutput(kind=OutputKind.IMAGE, mime="image/svg+xml", image="PHN2Zy8+", digest="1")
    odd = RecordedOutput(kind=OutputKind.IMAGE, mime="image/png", image='x" onerror="alert(3)', digest="2")
    after = [_cell(payload, _text(payload, name=payload), picture, odd, heading=payload, number=payload)]
    shown.show(_recorded(after, (Outcome.PASSED, [_cell("a")])), SUMS, view="changes")

    expect(shown.tab.locator(".changes-cell").first).to_contain_text(payload)
    assert shown.tab.locator("main :is(img, script)").count() == 0


def test_the_changes_are_accessible(shown: View) -> None:
    shown.show(_recorded(AFTER, (Outcome.PASSED, BEFORE)), SUMS, view="changes")
    shown.tab.wait_for_selector(".changes-cell")
    shown.tab.evaluate(AXE.read_text(encoding="utf-8"))

    assert shown.tab.evaluate("axe.run().then(({violations}) => violations.map(v => v.id + v.nodes[0].html))") == []
