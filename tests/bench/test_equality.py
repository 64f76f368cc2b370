"""No time counts before two programs are seen to have made the same of a notebook."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from benchmark import notebooks
from benchmark.equality import difference


def executed(outputs: list[Any], *, status: str = "") -> dict[str, Any]:
    notebook = copy.deepcopy(dict(notebooks.one_cell()["one"]))
    cell = notebook["cells"][0]
    cell |= {"execution_count": 1, "outputs": outputs}
    if status:
        cell["metadata"] = {"papermill": {"status": status, "exception": status == "failed", "duration": 0.1}}
    return notebook


def printed(text: str | list[str], name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param([printed("a\nb\n")], [printed(["a\n", "b\n"])], id="text as lines"),
        pytest.param([printed("a\nb\n")], [printed("a\n"), printed("b\n")], id="text in pieces"),
        pytest.param([printed("<A at 0x7f1234567890>\n")], [printed("<A at 0x7fabcdef0123>\n")], id="addresses"),
        pytest.param([printed("In /tmp/ipykernel_1/2.py\n")], [printed("In /tmp/ipykernel_7/2.py\n")], id="folders"),
        pytest.param([printed("at 12:30:01.5\n")], [printed("at 23:59:59.25\n")], id="times"),
        pytest.param([shown({"text/plain": "a\nb"})], [shown({"text/plain": ["a\n", "b"]})], id="data as lines"),
    ],
)
def test_what_varies_between_two_runs_of_one_program_is_no_difference(ours: list[Any], theirs: list[Any]) -> None:
    assert difference({"n": executed(ours)}, {"n": executed(theirs)}) == ""


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param([printed("42\n")], [printed("43\n")], id="text"),
        pytest.param([printed("42\n")], [], id="no output"),
        pytest.param([printed("42\n")], [printed("42\n", "stderr")], id="stream"),
        pytest.param([printed("a"), printed("b", "stderr")], [printed("b", "stderr"), printed("a")], id="order"),
        pytest.param([shown({"image/png": "AAAA"})], [shown({"image/png": "AAAB"})], id="picture"),
    ],
)
def test_other_outputs_are_a_difference(ours: list[Any], theirs: list[Any]) -> None:
    assert difference({"n": executed(ours)}, {"n": executed(theirs)}).startswith("n, cell 1: outputs: ")


def test_another_execution_count_is_a_difference() -> None:
    other = executed([])
    other["cells"][0]["execution_count"] = None

    assert difference({"n": executed([])}, {"n": other}) == "n, cell 1: execution count: 1 against null"


def test_a_status_is_compared_where_both_programs_write_one() -> None:
    completed, failed = executed([], status="completed"), executed([], status="failed")

    assert difference({"n": completed}, {"n": failed})
    assert difference({"n": completed}, {"n": executed([])}) == ""


def test_a_missing_notebook_is_a_difference() -> None:
    assert difference({"a": executed([]), "b": executed([])}, {"a": executed([])}) == "other notebooks: ['b']"


def test_a_missing_cell_is_a_difference() -> None:
    assert difference({"n": executed([])}, {"n": {**executed([]), "cells": []}}) == "n, number of cells: 1 against 0"
