"""The page of one result, read as text; how it looks is shown in tests/browser."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from amltasks.report.html_file import add_page
from amltasks.report.model import Artefact, ArtefactKind, MemoryCurve, NotebookResult, Outcome
from amltasks.report.page import render_page
from tests.browser.inspection import dangers


def test_the_failing_cell_comes_before_all_others(failed: NotebookResult) -> None:
    cells: list[dict[str, Any]] = [{"cell_type": "code", "source": f"cell_{n}", "outputs": []} for n in range(3)]

    page = render_page(failed, {"cells": cells, "metadata": {}})

    assert page.index("ValueError") < page.index('id="cell-0"')
    assert "no &lt;rows&gt; | here" in page
    assert "<title>Failed: check.ipynb</title>" in page


def test_the_line_that_raised_is_marked(failed: NotebookResult) -> None:
    """`Cell In[2], line 1` in the traceback is line 1 of the source shown."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "outputs": []} for source in ("a", "raise_it()\nb", "c")
    ]

    page = render_page(failed, {"cells": cells})

    assert '<span class="hll"><span class="n">raise_it</span>' in page


def test_a_result_without_a_notebook_has_a_page_too(failed: NotebookResult) -> None:
    """No kernel, no readable file: the message is what there is, and the source that the result knows."""
    page = render_page(failed, None)

    assert "Cell 2 raised ValueError" in page
    assert "load" in page
    assert "<main>" not in page


def test_a_dead_kernels_page_tells_what_is_known(died: NotebookResult) -> None:
    page = render_page(died, None)

    assert "SIGKILL" in page
    assert "2.8 GiB" in page
    assert "epoch 1\nepoch 2" in page


def test_a_dead_kernels_memory_is_drawn_and_said(died: NotebookResult) -> None:
    assert died.kernel_death is not None
    curve = MemoryCurve(step=0.5, values=(50 << 20, 200 << 20, 100 << 20))
    death = died.kernel_death.model_copy(update={"memory": curve})

    page = render_page(died.model_copy(update={"kernel_death": death}), None)

    said = "50.0 MiB at first, most 200.0 MiB after 0.50 s, 100.0 MiB at the end after 1.00 s."
    assert f">{said}</p>" in page
    assert "H0.0V67.5H200.0V0.0H400.0V45.0" in unquote(page)
    assert dangers(page) == []
    assert 'class="memory"' not in render_page(died, None)


def test_everything_in_the_result_is_escaped(failed: NotebookResult) -> None:
    payload = "{{ 6173 * 7 }}</title><script>alert(1)</script>\"'"
    hostile = failed.model_copy(
        update={
            "notebook": payload,
            "parameter_set": payload,
            "message": payload,
            "notes": (payload,),
            "owner": payload,
            "leaks": (payload,),
            "parameters": {payload: payload},
            "scraps": {payload: payload},
            "artefacts": (Artefact(kind=ArtefactKind.NOTEBOOK, path=Path("x"), name=payload),),
            "cells": tuple(cell.model_copy(update={"title": payload}) for cell in failed.cells),
        }
    )
    metadata = {"kernelspec": {"name": payload}, "language_info": {"name": payload, "version": payload}}

    page = render_page(hostile, {"cells": [], "metadata": metadata})

    assert dangers(page) == []
    assert "{{ 6173 * 7 }}" in page
    assert "43211" not in page


@pytest.mark.parametrize(
    "notebook",
    [
        {},
        {"cells": [None, 3, {}, {"cell_type": "code"}, {"cell_type": "markdown", "source": ["a", "b"]}]},
        {"cells": [{"cell_type": "code", "source": 3, "outputs": [None, {}, {"output_type": "error"}]}]},
        {"cells": [{"cell_type": "markdown", "source": "x", "attachments": [1]}], "metadata": None},
        {"cells": [{"cell_type": "code", "source": "", "outputs": [{"output_type": "display_data", "data": 3}]}]},
    ],
)
def test_odd_notebooks_have_pages(notebook: dict[str, Any], passed: NotebookResult) -> None:
    """The page shows what can be shown of a notebook that no program should have written."""
    assert dangers(render_page(passed, notebook)) == []


def test_the_page_is_written_beside_the_notebook(passed: NotebookResult) -> None:
    bare = passed.model_copy(update={"artefacts": passed.artefacts[:1]})

    result = add_page(bare)

    assert bare.folder is not None
    page = result.artefacts[-1]
    assert (page.kind, page.path, page.name) == (ArtefactKind.HTML, bare.folder / "train.html", "train.html")
    assert "models/train.ipynb" in page.path.read_text(encoding="utf-8")
    assert sorted(path.name for path in bare.folder.iterdir()) == ["executed.ipynb", "train.html"]


def test_what_never_ran_has_no_page(not_run: NotebookResult, tmp_path: Path) -> None:
    result = not_run.model_copy(update={"folder": tmp_path})

    assert add_page(result) == result


@pytest.mark.skipif(sys.platform == "win32", reason="needs a folder that cannot be written to")
def test_a_page_that_cannot_be_written_is_a_note(passed: NotebookResult, tmp_path: Path) -> None:
    """The outcome stands without its page."""
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    result = add_page(passed.model_copy(update={"folder": in_the_way / "train"}))

    assert result.outcome is Outcome.PASSED
    assert result.artefacts == passed.artefacts
    assert "The HTML page could not be written: Not a directory." in result.notes


def test_a_notebook_that_is_no_json_is_a_note(passed: NotebookResult) -> None:
    passed.artefacts[0].path.write_text(json.dumps({})[:-1])

    result = add_page(passed)

    assert result.outcome is Outcome.PASSED
    assert "could not be made" in result.notes[-1]
