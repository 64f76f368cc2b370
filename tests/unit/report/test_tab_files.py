"""The tab's index, the attachments it names, and the results file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from amltasks.report.files import write_whole
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Report
from amltasks.report.results_file import ResultsFile
from amltasks.report.tab import TabFiles
from amltasks.report.tab_limits import SIZE_LIMIT, THUMBNAIL_BYTES
from amltasks.report.tab_names import Attachment
from amltasks.report.tab_records import TYPE, TabContext, TabIndex

CONTEXT = TabContext(stage="Build", job="Notebooks", attempt=2, step="checks")
FILE_NAME = re.compile(r"[A-Za-z0-9_.()=~-]{1,220}")
INDEX = "Build~Notebooks~2~checks.index.json"


def published(report: Report, folder: Path, context: TabContext = CONTEXT) -> list[Attachment]:
    """What is attached in the end, in its order."""
    attached: list[Attachment] = []
    TabFiles(folder, context, attached.extend).complete(report)
    return attached


def index_of(attached: Sequence[Attachment]) -> TabIndex:
    return TabIndex.model_validate_json(attached[-1].path.read_text(encoding="utf-8"))


def test_the_index_names_every_attachment(report: Report, tmp_path: Path) -> None:
    """What a tab needs: read the index, find each file under its name."""
    *files, last = published(report, tmp_path)
    index = index_of([last])

    named = [file.attachment for result in index.results for file in result.files]
    assert [file.name for file in files] == named
    assert named == ["Build~Notebooks~2~checks~train~executed.ipynb", "Build~Notebooks~2~checks~train~train.html"]
    assert (last.type, last.name) == (TYPE, INDEX)
    assert all(file.path.is_file() for file in (*files, last))
    assert [result.title for result in index.results] == [result.title for result in report.results]
    assert (index.started_at, index.finished_at) == (report.started_at, report.finished_at)


def test_names_of_steps_jobs_and_attempts_never_meet(report: Report, tmp_path: Path) -> None:
    """Also where only characters differ that a file name cannot hold, or that are cut off."""
    contexts = [
        CONTEXT,
        CONTEXT.model_copy(update={"attempt": 3}),
        CONTEXT.model_copy(update={"job": "Note/books"}),
        CONTEXT.model_copy(update={"job": "Note\\books"}),
        CONTEXT.model_copy(update={"job": "Note books"}),
        CONTEXT.model_copy(update={"stage": "x" * 500}),
        CONTEXT.model_copy(update={"stage": "x" * 501}),
        TabContext(),
    ]

    names = [file.name for context in contexts for file in published(report, tmp_path, context)]

    assert len({name.lower() for name in names}) == len(names) == 3 * len(contexts)
    assert all(FILE_NAME.fullmatch(name) for name in names)


def test_a_file_too_large_for_the_tab_is_named_with_a_note(
    report: Report, passed: NotebookResult, tmp_path: Path
) -> None:
    with passed.artefacts[0].path.open("r+b") as file:
        file.truncate(SIZE_LIMIT + 1)

    attached = published(report, tmp_path)

    notebook, page = index_of(attached).results[0].files
    assert (notebook.attachment, notebook.size) == ("", SIZE_LIMIT + 1)
    assert "results folder" in notebook.note
    assert attached[0].name == page.attachment


def test_a_file_that_has_gone_is_left_out(report: Report, passed: NotebookResult, tmp_path: Path) -> None:
    passed.artefacts[0].path.unlink()

    index = index_of(published(report, tmp_path))

    assert [file.name for file in index.results[0].files] == ["train.html"]


@pytest.mark.parametrize(("size", "is_attached"), [(1000, True), (THUMBNAIL_BYTES + 1, False)])
def test_the_last_figure_is_the_thumbnail_unless_it_is_large(
    size: int, is_attached: bool, report: Report, passed: NotebookResult, tmp_path: Path
) -> None:
    figures = [tmp_path / "cell-001-1.png", tmp_path / "cell-004-1.png"]
    for figure in figures:
        figure.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(size))
    images = tuple(Artefact(kind=ArtefactKind.IMAGE, path=figure, name=figure.name) for figure in figures)
    drawn = passed.model_copy(update={"artefacts": (*passed.artefacts, *images)})

    attached = published(report.model_copy(update={"results": (drawn,)}), tmp_path)

    thumbnail = index_of(attached).results[0].thumbnail
    assert thumbnail is not None
    assert (thumbnail.name, bool(thumbnail.attachment)) == ("cell-004-1.png", is_attached)
    assert [each.path for each in attached if each.path in figures] == figures[1:][:is_attached]


def test_the_results_file_is_the_report(report: Report, tmp_path: Path) -> None:
    """camelCase, and read back it is the same report."""
    publisher = ResultsFile(tmp_path)

    publisher.complete(report)

    text = publisher.path.read_text(encoding="utf-8")
    assert Report.model_validate_json(text) == report
    assert json.loads(text)["results"][1]["cells"][1]["error"]["name"] == "ValueError"
    assert json.loads(text)["results"][0]["parameterSet"] == "alpha=0.1"


def test_the_results_file_is_valid_json_whatever_was_recorded(
    report: Report, passed: NotebookResult, tmp_path: Path
) -> None:
    """NaN and infinities, which JSON does not have, are null."""
    odd = passed.model_copy(update={"scraps": {"loss": math.nan, "best": math.inf}})
    publisher = ResultsFile(tmp_path)

    publisher.complete(report.model_copy(update={"results": (odd,)}))

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    written = json.loads(publisher.path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert written["results"][0]["scraps"] == {"loss": None, "best": None}


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    """What cannot be written leaves the former file, and nothing beside it."""
    path = tmp_path / "results.json"
    write_whole(path, "first")
    path.with_name("folder").mkdir()

    with pytest.raises(OSError, match="folder"):
        write_whole(path.with_name("folder"), "text")

    write_whole(path, "second \ud800")
    assert path.read_text(encoding="utf-8") == "second ?"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder", "results.json"]
