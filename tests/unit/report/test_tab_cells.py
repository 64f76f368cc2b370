"""The record of a notebook's cells: what is compared with another run, within bounds."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amltasks.report.model import CellOutcome, CellResult, NotebookResult, Outcome
from amltasks.report.tab_cells import cells_record
from amltasks.report.tab_limits import PICTURE, RECORD_BYTES, SOURCE, TEXT
from amltasks.report.tab_records import CellKind, CellsRecord, OutputKind, RecordedOutput

RESULT = NotebookResult(run_id="train", notebook="train.ipynb", outcome=Outcome.PASSED)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def code(source: str = "1", outputs: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "execution_count": 3, "metadata": {}, "outputs": list(outputs)}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    """An output; `_` in the names of its forms stands for `/`."""
    forms = {mime.replace("_", "/", 1): content for mime, content in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": forms}


def record(*cells: dict[str, Any]) -> CellsRecord:
    return cells_record(RESULT, {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def outputs(*given: dict[str, Any]) -> tuple[RecordedOutput, ...]:
    return record(code(outputs=given)).cells[0].outputs


def size(recorded: CellsRecord) -> int:
    return len(recorded.model_dump_json(by_alias=True).encode())


def test_every_cell_is_there_with_what_became_of_it() -> None:
    ran = CellResult(index=1, position=1, title="fit()", outcome=CellOutcome.FAILED, duration=2.5)
    cells = [
        {"cell_type": "markdown", "id": "a1", "source": ["Some words\n", "## Load *all*\n", "more"]},
        code("fit()", [stream("begun\n")]),
        {"cell_type": "raw", "source": "raw"},
    ]

    recorded = cells_record(RESULT.model_copy(update={"cells": (ran,)}), {"cells": cells})

    prose, fit, raw = recorded.cells
    assert (prose.id, prose.kind, prose.heading) == ("a1", CellKind.MARKDOWN, "## Load *all*")
    assert (fit.position, fit.number, fit.source) == (1, "[3]", "fit()")
    assert (fit.outcome, fit.duration) == (CellOutcome.FAILED, 2.5)
    assert (raw.kind, raw.source, raw.outputs) == (CellKind.RAW, "raw", ())
    assert recorded.note == ""


def test_the_pieces_of_a_stream_are_one_text_as_a_person_reads_it() -> None:
    pieces = [stream("\x1b[31mloss\x1b[0m 1\r"), stream("loss 2\n"), stream("careful", "stderr")]

    said, warned = outputs(*pieces)

    assert (said.kind, said.name, said.text) == (OutputKind.TEXT, "stdout", "loss 2\n")
    assert (warned.name, warned.text) == ("stderr", "careful")


@pytest.mark.parametrize(
    ("once", "again"),
    [
        (shown(text_plain="<Model at 0x7f01>"), shown(text_plain="<Model at 0x7fee>")),
        (stream("<Model at 0x7f01>"), stream("<Model at 0x7fee>")),
        (stream("/tmp/ipykernel_12/34.py:1: Warning"), stream("/tmp/ipykernel_13/34.py:1: Warning")),
        (
            shown(text_html="<b id='6fa459ea-ee8a-3ca4-894e-db77e160355e'>1</b>"),
            shown(text_html="<b id='16fd2706-8baf-433b-82eb-8c7fada847da'>1</b>"),
        ),
        (shown(text_html="<table id='T_0a1b2'>"), shown(text_html="<table id='T_ff1b2'>")),
        (
            {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["Cell In[2], line 1"]},
            {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["Cell In[3], line 1"]},
        ),
    ],
)
def test_what_differs_in_every_run_is_no_difference(once: dict[str, Any], again: dict[str, Any]) -> None:
    assert outputs(once)[0].digest == outputs(again)[0].digest


def test_what_is_cut_is_still_known_to_differ() -> None:
    (one,), (other,) = outputs(stream(f"a{'x' * 9000}b")), outputs(stream(f"a{'x' * 4500}y{'x' * 4499}b"))

    assert one.text == other.text
    assert one.text.startswith("a")
    assert one.text.endswith("b")
    assert one.cut == other.cut == 9002 - TEXT
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("output", "kind", "mime", "text"),
    [
        (shown(text_plain="   a\n0  1", text_html="<table>"), OutputKind.TEXT, "text/plain", "   a\n0  1"),
        (shown(text_plain="<IPython.core.display.HTML object>", text_html="<b>"), OutputKind.OTHER, "text/html", ""),
        (shown(text_markdown="*so*", text_plain="<IPython.core.display.Markdown object>"), OutputKind.TEXT, "", "*so*"),
        (shown(application_json={"a": [1]}), OutputKind.OTHER, "application/json", ""),
        (shown(), OutputKind.OTHER, "", ""),
    ],
)
def test_the_form_that_says_most_is_compared(output: dict[str, Any], kind: OutputKind, mime: str, text: str) -> None:
    (recorded,) = outputs(output)

    assert (recorded.kind, recorded.text) == (kind, text)
    assert recorded.mime.startswith(mime)
    assert recorded.digest


def test_pictures_are_there_while_there_is_room_and_digests_always() -> None:
    large = base64.b64encode(base64.b64decode(PNG) + bytes(PICTURE)).decode()
    many = base64.b64encode(base64.b64decode(PNG) + bytes(PICTURE // 2)).decode()

    first, too_large, forged, *rest = outputs(
        shown(image_png=f"{PNG[:20]}\n{PNG[20:]}", text_plain="<Figure size 10x10>"),
        shown(image_png=large),
        shown(image_png=base64.b64encode(b"<script>").decode()),
        *[shown(image_png=many)] * 9,
    )

    assert (first.kind, first.mime, first.image) == (OutputKind.IMAGE, "image/png", PNG)
    assert (too_large.image, forged.image) == ("", "")
    assert [bool(each.image) for each in rest] == sorted((bool(each.image) for each in rest), reverse=True)
    assert (bool(rest[0].image), rest[-1].image) == (True, "")
    assert len({each.digest for each in (first, too_large, forged, *rest)}) == 4


def test_outputs_without_end_are_one_more_that_still_differs() -> None:
    many = [shown(text_plain=str(number)) for number in range(1000)]

    *first, last = outputs(*many)
    *_, other = outputs(*many[:-1], shown(text_plain="another"))

    assert first[0].text == "0"
    assert (last.kind, last.name) == (OutputKind.OTHER, f"{1000 - len(first)} more outputs")
    assert last.digest != other.digest


@pytest.mark.parametrize(
    "cells",
    [
        [code("x" * 100_000)],
        [code('é"\\\n' * 4000, [stream("é" * 4000)])] * 200,
        [code("x", [stream("x")])] * 6_000,
        [code("1", [shown(image_png=PNG[:-2] + "A" * 250_000 + "==")])] * 30,
        [{"cell_type": "markdown", "source": "\ud800" * 20_000}] * 200,
    ],
    ids=["one source", "texts", "cells", "pictures", "surrogates"],
)
def test_the_record_is_bounded_and_says_what_is_left_out(cells: list[dict[str, Any]]) -> None:
    recorded = record(*cells)

    assert size(recorded) <= RECORD_BYTES
    assert len(recorded.cells) == len(cells) or f"of {len(cells):,} cells" in recorded.note
    assert all(len(cell.source) <= SOURCE for cell in recorded.cells)
    assert recorded.cells[0].cut == max(0, len(cells[0]["source"]) - SOURCE)
    json.loads(recorded.model_dump_json(by_alias=True))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        JSON
        | st.fixed_dictionaries(
            {"cell_type": st.sampled_from(["code", "markdown", "raw"]) | JSON},
            optional={
                "source": JSON,
                "id": JSON,
                "execution_count": JSON,
                "outputs": st.lists(
                    JSON
                    | st.fixed_dictionaries(
                        {"output_type": st.sampled_from(["stream", "error", "display_data"]) | JSON},
                        optional={
                            "text": JSON,
                            "name": JSON,
                            "ename": JSON,
                            "traceback": JSON,
                            "data": st.dictionaries(
                                st.sampled_from(["text/plain", "text/html", "image/png", "x"]), JSON
                            ),
                        },
                    ),
                    max_size=3,
                ),
            },
        ),
        max_size=3,
    )
)
def test_whatever_stands_in_a_notebooks_file_makes_a_record(cells: list[Any]) -> None:
    recorded = cells_record(RESULT, {"cells": cells})

    assert CellsRecord.model_validate_json(recorded.model_dump_json(by_alias=True)).cells == recorded.cells
