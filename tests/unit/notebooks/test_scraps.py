"""Scraps: what `scrapbook.glue` left, and the variables made of it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from amltasks.notebooks.scraps import read_scraps, scrap_variables


def glued(name: Any, value: Any, encoder: str = "json") -> NotebookNode:
    payload = {"name": name, "data": value, "encoder": encoder, "version": 1}
    return new_output("display_data", data={f"application/scrapbook.scrap.{encoder}+json": payload})


def book(*outputs: NotebookNode) -> NotebookNode:
    return new_notebook(cells=[new_code_cell("1", outputs=list(outputs))])


def test_glued_values_are_found_by_name() -> None:
    scraps = read_scraps(book(glued("auc", 0.93), glued("label", "good", "text"), glued("all", {"a": [1]})))
    assert scraps == {"auc": 0.93, "label": "good", "all": {"a": [1]}}


def test_the_last_of_one_name_counts() -> None:
    assert read_scraps(book(glued("n", 1), glued("n", 2))) == {"n": 2}


def test_other_outputs_and_other_encoders_are_left_alone() -> None:
    other = new_output("display_data", data={"text/plain": "x", "application/json": {"name": "x", "data": 1}})
    stream = new_output("stream", name="stdout", text="x")
    assert read_scraps(book(other, stream, glued("frame", "QVJST1c=", "arrow"), glued(5, 1))) == {}


def test_too_large_and_too_many_ones_are_left_out() -> None:
    assert read_scraps(book(glued("big", "x" * 100_000), glued("small", 1))) == {"small": 1}
    assert len(read_scraps(book(*(glued(str(n), n) for n in range(2000))))) == 1000


def test_scrapbook_itself_writes_what_is_read_here() -> None:
    """Asked of the real library, in the interpreter that the notebooks run in."""
    python = Path(__file__).parents[3] / "build" / "env" / "notebooks" / "bin" / "python"
    if not python.exists():
        pytest.skip("build/env/notebooks is not made")
    program = """
import json, scrapbook.api as api
from scrapbook.scraps import Scrap, scrap_to_payload
from scrapbook.encoders import registry
out = []
for name, data in [("auc", 0.93), ("n", 3), ("label", "good"), ("ok", True), ("rows", [1, 2])]:
    encoder = registry.determine_encoder_name(data)
    payload = scrap_to_payload(registry.encode(Scrap(name, data, encoder)))
    out.append(api._prepare_ipy_data_format(name, payload, encoder))
print(json.dumps(out))
"""
    answer = subprocess.run([python, "-W", "ignore", "-c", program], capture_output=True, check=True, text=True)
    outputs = [
        new_output("display_data", data=data, metadata=metadata)
        for data, metadata in json.loads(answer.stdout.splitlines()[-1])
    ]
    assert read_scraps(book(*outputs)) == {"auc": 0.93, "n": 3, "label": "good", "ok": True, "rows": [1, 2]}


def test_scalars_become_variables() -> None:
    scraps = {"auc": 0.93, "n": 3, "ok": True, "label": "good", "rows": [1], "none": None, "lines": "a\nb"}
    assert scrap_variables([("notebooks.train--weak", scraps)]) == {
        "Scraps.notebooks_train_weak.auc": "0.93",
        "Scraps.notebooks_train_weak.n": "3",
        "Scraps.notebooks_train_weak.ok": "true",
        "Scraps.notebooks_train_weak.label": "good",
    }


def test_names_that_would_be_the_same_are_told_apart() -> None:
    variables = scrap_variables([("a", {"x y": 1, "x_y": 2, "X-Y": 3})])
    assert sorted(variables.values()) == ["1", "2", "3"]
    assert len({name.casefold() for name in variables}) == 3


def test_long_text_becomes_no_variable() -> None:
    assert scrap_variables([("a", {"x": "y" * 9000})]) == {}


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.integers() | st.text(max_size=8)), max_size=8))
def test_any_names_give_valid_variables(scraps: list[tuple[str, Any]]) -> None:
    """Names reach a logging command: no bracket, semicolon or line end may be in them."""
    for name, text in scrap_variables([("run", dict(scraps))]).items():
        assert re.fullmatch(r"Scraps\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+", name)
        assert text.isprintable()
