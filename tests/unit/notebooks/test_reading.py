"""What `read_notebook` makes of any file: a valid notebook with stable ids, or one sentence."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltasks.errors import UserError
from amltasks.notebooks.reading import read_notebook

SHARED = Path(__file__).parents[4] / "shared" / "notebooks"
MAKE_HOSTILE = SHARED / "hostile" / "make_hostile.py"

needs_corpus = pytest.mark.skipif(not MAKE_HOSTILE.is_file(), reason="the corpus ../shared/notebooks is not there")


def notebook(**members: Any) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "one",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": "1",
    }
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell], **members}


def written(folder: Path, document: Any) -> Path:
    path = folder / "book.ipynb"
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


def fault(path: Path, root: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        read_notebook(path, root)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert len(sentence) < 400
    return sentence


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heavy")
    subprocess.run([sys.executable, MAKE_HOSTILE, "--heavy", folder, "--no-big"], check=True, capture_output=True)
    return folder


# What the sentence about each malformed file has to say; files that are not named here can be read.
INVALID = {
    "m01": "is empty",
    "m02": "is empty",
    "m03": "binary",
    "m04": "binary",
    "m05": "cut off",
    "m06": "more text after the end, in line 25",
    "m07": "two files",
    "m09": "UTF-16",
    "m10": "line 21 has the byte 0xe9",
    "m13": "NaN",
    "m14": "'cells' twice",
    "m15": "not valid JSON: line 1",
    "m16": "merge conflict in line 18",
    "m17": "Git LFS",
    "m18": "HTML page",
    "m19": "gzip",
    "m20": "holds a list",
    "m21": "holds text",
    "m22": "holds null",
    "m23": "holds a number",
    "m24": "no nbformat",
    "m30": "format '9223372036854775808'",
    "m31": "format '5'",
    "m32": "format '-1'",
    "m33": "text ('4')",
    "m35": "no nbformat",
    "m36": "cells is not a list",
    "m37": "cells is not a list",
    "m38": "cells[0] is a number",
    "m39": "no cells",
    "m40": "'metadata' is a list",
    "m41": "'metadata' is text",
    "m42": "cells[0].source",
    "m43": "cells[0].source",
    "m44": "cells[0].cell_type is '<script>'",
    "m45": "cells[0].outputs",
    "m46": "cells[0].metadata.tags",
    "m51": "half a character",
    "m58": "kernelspec.name",
    "m60": "attachments",
    "m62": "deeper than 100",
    "m63": "deeper than 100",
    "m64": "5,000 digits",
    "m65": "too large",
}


@needs_corpus
def test_malformed_files_get_a_sentence_of_their_own_and_the_others_are_read(heavy: Path) -> None:
    """None of the 97 files gives a traceback, a warning or a wrong notebook (m01-m73)."""
    for path in sorted(heavy.glob("m*.ipynb")):
        expected = INVALID.get(path.name[:3])
        if expected is not None:
            assert expected in fault(path), path.name
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            book = read_notebook(path)
            nbformat.validate(book)
        assert (book.nbformat, book.nbformat_minor) == (4, 5)
        assert all(isinstance(cell.source, str) for cell in book.cells), path.name


@needs_corpus
def test_hostile_names_and_links_are_read_or_answered(heavy: Path) -> None:
    """Pipes never block, links that loop, lead nowhere or out of the repository are named as that."""
    answers = {
        "directory": "is a folder",
        "fifo": "a pipe",
        "link_loop": "back to itself",
        "link_dangling": "which does not exist",
        "link_passwd": "leads out of the repository",
        "link_up": "binary data",
    }
    for path in (heavy / "names").iterdir():
        if path.stem in answers:
            assert answers[path.stem] in fault(path, root=heavy)
        else:
            assert len(read_notebook(path, root=heavy).cells) == 1


@needs_corpus
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("s50-nbformat-v2", "format '2'"),
        ("s53-nbformat-no-minor", "no nbformat_minor"),
        ("s56-nbformat-metadata-not-dict", "kernelspec"),
        ("s59-ruff-not-json", "not valid JSON"),
        ("s60-ruff-wrong-schema", "no nbformat"),
    ],
)
def test_invalid_notebooks_of_the_corpus_are_answered(entry: str, expected: str) -> None:
    assert expected in fault(next((SHARED / entry).rglob("*.ipynb")))


@needs_corpus
def test_every_other_notebook_of_the_corpus_is_read() -> None:
    """Format 3, cells with bad or duplicate ids, an unnamed kernel and a later minor version are no obstacle."""
    manifest = json.loads((SHARED / "MANIFEST.json").read_text("utf-8"))
    for entry in manifest:
        if entry["expect"]["outcome"] == "invalid":
            continue
        book = read_notebook(SHARED / entry["notebook"])
        nbformat.validate(book)
        assert len(book.cells) == entry["cells"]


@needs_corpus
def test_cells_of_later_versions_keep_their_places() -> None:
    """What is no known cell becomes a raw one, so that cell 8 is still cell 8."""
    raw = json.loads((path := next((SHARED / "s57-nbformat-future-minor").rglob("*.ipynb"))).read_text("utf-8"))
    book = read_notebook(path)
    assert [cell.cell_type for cell in book.cells][9] == "raw"
    assert book.cells[8].source == "".join(raw["cells"][8]["source"])
    assert [output.output_type for output in book.cells[10].outputs] == ["stream", "stream"]


@needs_corpus
@pytest.mark.long
def test_a_notebook_of_100_mb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    subprocess.run([sys.executable, MAKE_HOSTILE, "--heavy", tmp_path], check=True, capture_output=True)
    for path in tmp_path.glob("big*.ipynb"):
        read_notebook(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert peak < 900 * 1024 * 1024


class TestCellIds:
    def test_ids_that_are_good_are_kept(self, tmp_path: Path) -> None:
        assert [cell.id for cell in read_notebook(written(tmp_path, notebook())).cells] == ["one"]

    def test_made_ids_are_the_same_in_every_build(self, tmp_path: Path) -> None:
        """Names of results and diffs of executed notebooks hang on them."""
        cells: list[dict[str, Any]] = [
            {"cell_type": "markdown", "metadata": {}, "source": source} for source in ("a", "b", "a")
        ]
        path = written(tmp_path, notebook(cells=cells))
        ids = [cell.id for cell in read_notebook(path).cells]
        assert ids == [cell.id for cell in read_notebook(path).cells]
        assert len(set(ids)) == 3

    def test_a_cell_put_before_others_does_not_change_their_ids(self, tmp_path: Path) -> None:
        cells: list[dict[str, Any]] = [
            {"cell_type": "markdown", "metadata": {}, "source": source} for source in ("a", "b")
        ]
        before = read_notebook(written(tmp_path, notebook(cells=cells))).cells
        new = {"cell_type": "markdown", "metadata": {}, "source": "new"}
        after = read_notebook(written(tmp_path, notebook(cells=[new, *cells]))).cells
        assert [cell.id for cell in before] == [cell.id for cell in after[1:]]

    def test_the_first_of_two_cells_keeps_an_id_that_both_have(self, tmp_path: Path) -> None:
        cells: list[dict[str, Any]] = [
            {"cell_type": "markdown", "id": "x", "metadata": {}, "source": source} for source in ("a", "b")
        ]
        ids = [cell.id for cell in read_notebook(written(tmp_path, notebook(cells=cells))).cells]
        assert ids[0] == "x"
        assert ids[1] != "x"

    def test_format_3_gets_stable_ids_too(self, tmp_path: Path) -> None:
        cell = {"cell_type": "code", "language": "python", "input": ["a\n", "b"], "outputs": [], "metadata": {}}
        old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell], "metadata": {}}]}
        path = written(tmp_path, old)
        (one,), (other,) = read_notebook(path).cells, read_notebook(path).cells
        assert one.id == other.id
        assert one.source == "a\nb"


def test_unknown_members_are_dropped(tmp_path: Path) -> None:
    """Other tools leave members in cells that the format does not know; Jupyter does not mind either."""
    document = notebook()
    document["cells"][0]["colab"] = {"x": 1}
    assert "colab" not in read_notebook(written(tmp_path, {**document, "extra": 1})).cells[0]


@pytest.mark.parametrize("kernelspec", [None, {}, {"name": ""}])
def test_a_kernelspec_without_name_says_nothing(tmp_path: Path, kernelspec: Any) -> None:
    assert "kernelspec" not in read_notebook(written(tmp_path, notebook(metadata={"kernelspec": kernelspec}))).metadata


def test_a_name_without_display_name_is_enough(tmp_path: Path) -> None:
    path = written(tmp_path, notebook(metadata={"kernelspec": {"name": "python3"}}))
    assert read_notebook(path).metadata.kernelspec.display_name == "python3"


def test_hostile_names_in_sentences_are_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a\n##vso[task.complete]\x1b[31m.ipynb"
    path.write_text("{}")
    assert "\x1b" not in fault(path)


def test_a_pipe_that_somebody_holds_open_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "pipe.ipynb"
    os.mkfifo(path)
    answered: list[str] = []
    thread = threading.Thread(target=lambda: answered.append(fault(path)), daemon=True)
    thread.start()
    thread.join(60)
    assert answered


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, notebook())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root reads everything")
    assert "Permission denied" in fault(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES: list[tuple[str | int, ...]] = [
    ("metadata",),
    ("metadata", "kernelspec"),
    ("metadata", "language_info"),
    ("metadata", "papermill"),
    ("nbformat",),
    ("nbformat_minor",),
    ("cells",),
    ("cells", 0),
    ("cells", 0, "cell_type"),
    ("cells", 0, "id"),
    ("cells", 0, "metadata"),
    ("cells", 0, "source"),
    ("cells", 0, "outputs"),
    ("cells", 0, "outputs", 0),
    ("cells", 0, "outputs", 0, "output_type"),
    ("cells", 0, "outputs", 0, "text"),
]


@given(place=st.sampled_from(PLACES), value=json_values)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_anywhere_is_read_as_valid_or_answered(
    tmp_path: Path, place: tuple[str | int, ...], value: Any
) -> None:
    """Never another exception, and never a notebook that nbformat calls invalid."""
    document: Any = notebook()
    document["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    inner = document
    for step in place[:-1]:
        inner = inner.setdefault(step, {}) if isinstance(step, str) else inner[step]
    inner[place[-1]] = value
    try:
        book = read_notebook(written(tmp_path, document))
    except UserError:
        fault(tmp_path / "book.ipynb")
    else:
        nbformat.validate(book)


@given(content=st.binary(max_size=60))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "book.ipynb"
    path.write_bytes(content)
    fault(path)
