"""A notebook's JSON, made cell by cell, is byte for byte what Jupyter writes."""

from __future__ import annotations

import json
from copy import deepcopy

import nbformat
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from amltasks.notebooks.encoding import cell_json, notebook_json

# Every kind of line end that Python knows, what JSON escapes, and what stands in the file itself.
TEXTS = st.text(st.sampled_from(list('a\n\r\x0b\x1c\x85\u2028"\\/{}[],: \u00e4\U0001f600')), max_size=30) | st.text(
    max_size=30
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
METADATA = st.dictionaries(TEXTS.map("own {}".format) | st.just("trusted"), JSON, max_size=3)
OUTPUTS = (
    st.builds(lambda text: new_output("stream", text=text), TEXTS)
    | st.builds(lambda text: new_output("error", ename=text, evalue=text, traceback=[text, text]), TEXTS)
    | st.builds(
        lambda text, value, metadata: new_output(
            "display_data",
            data={"text/plain": text, "image/svg+xml": text, "image/png": "aGk=\n", "application/json": value},
            metadata=metadata,
        ),
        TEXTS,
        JSON,
        METADATA,
    )
)
CELLS = st.builds(
    lambda source, metadata, outputs: new_code_cell(source, metadata=NotebookNode(metadata), outputs=outputs),
    TEXTS,
    METADATA,
    st.lists(OUTPUTS, max_size=3),
) | st.builds(
    lambda source, name: new_markdown_cell(source, attachments={name: {"text/plain": source, "image/png": "aGk="}}),
    TEXTS,
    TEXTS,
)


@given(cells=st.lists(CELLS, max_size=3), metadata=METADATA)
@settings(deadline=None)
def test_any_notebook_is_written_as_nbformat_writes_it(cells: list[NotebookNode], metadata: dict[str, object]) -> None:
    notebook = new_notebook(cells=cells, metadata=nbformat.from_dict(metadata))
    before = deepcopy(notebook)

    written = b"".join(notebook_json(notebook))

    assert written == (nbformat.v4.writes(notebook) + "\n").encode("utf-8", "backslashreplace")
    assert notebook == before


@given(blocks=st.lists(TEXTS.map(lambda text: text + "\n"), max_size=4), rest=TEXTS)
def test_a_text_in_blocks_is_written_like_the_whole_text(blocks: list[str], rest: str) -> None:
    whole = new_code_cell("1", id="c", outputs=[new_output("stream", text="".join([*blocks, rest]))])
    split = new_code_cell("1", id="c", outputs=[new_output("stream", text=[*blocks, rest])])

    assert b"".join(cell_json(split)) == b"".join(cell_json(whole))


def test_every_line_of_a_cell_is_indented() -> None:
    """By that the journal tells cells from what stands between them."""
    cell = new_code_cell("a\n{}\n", outputs=[new_output("stream", text="{\n\n}\n\r")])

    assert all(line.startswith(b"  ") for line in b"".join(cell_json(cell)).split(b"\n"))


def test_numbers_that_are_not_json_become_null() -> None:
    notebook = new_notebook(
        cells=[new_code_cell("1", metadata=NotebookNode(x=float("nan"), y=[float("-inf"), 1.5]))],
        metadata=NotebookNode(z=float("inf")),
    )

    document = json.loads(b"".join(notebook_json(notebook)))

    assert document["metadata"] == {"z": None}
    assert document["cells"][0]["metadata"] == {"x": None, "y": [None, 1.5]}
