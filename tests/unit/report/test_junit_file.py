"""JUnit XML, as the programs read it that show it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from amltasks.report.junit import JUnitFile, junit_xml
from amltasks.report.model import Artefact, ArtefactKind, CellError, NotebookResult, Outcome, Report

# Jenkins' junit-10.xsd: element → (required attributes, optional attributes, children).
SCHEMA = {
    "testsuites": ("", "name time tests failures errors", "testsuite"),
    "testsuite": (
        "name tests failures errors",
        "group time skipped timestamp hostname id package file log url",
        "testsuite properties testcase system-out system-err",
    ),
    "testcase": ("name", "time classname group", "skipped error failure system-out system-err"),
    "failure": ("", "type message", ""),
    "error": ("", "type message", ""),
    "skipped": ("", "type message", ""),
    "system-out": ("", "", ""),
    "system-err": ("", "", ""),
}


def assert_valid(element: ElementTree.Element) -> None:
    required, optional, children = (words.split() for words in SCHEMA[element.tag])
    assert set(required) <= set(element.keys()) <= {*required, *optional}, element.tag
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        assert_valid(child)


def cases(report: Report) -> list[ElementTree.Element]:
    document = ElementTree.fromstring(junit_xml(report))
    assert_valid(document)
    return document.findall("testsuite/testcase")


def test_one_case_a_result_in_one_suite(report: Report) -> None:
    document = ElementTree.fromstring(junit_xml(report))
    suite = document.find("testsuite")

    assert_valid(document)
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "4",
        "failures": "2",
        "errors": "0",
        "skipped": "1",
        "time": "90.000",
    }
    assert [(case.get("classname"), case.get("name")) for case in suite.findall("testcase")] == [
        ("models", "models/train.ipynb [alpha=0.1]"),
        ("notebooks", "check.ipynb"),
        ("notebooks", "hog.ipynb"),
        ("notebooks", "late.ipynb"),
    ]


def test_a_failure_says_what_and_where(report: Report) -> None:
    failure = cases(report)[1].find("failure")

    assert failure is not None
    assert failure.text is not None
    assert (failure.get("type"), failure.get("message")) == ("ValueError", "Cell 2 raised ValueError: no <rows> | here")
    assert "frame = load()" in failure.text
    assert "Cell In[2], line 1" in failure.text


def test_cells_and_attachments_stand_in_system_out(report: Report, passed: NotebookResult) -> None:
    text = cases(report)[0].findtext("system-out") or ""

    assert "Cell 1 passed in 0.50 s: import pandas" in text
    assert "Cell 2 skipped: slow_part()" in text
    for artefact in passed.artefacts:
        assert f"[[ATTACHMENT|{artefact.path}]]" in text.splitlines()


def test_a_notebook_cannot_attach_other_files(report: Report, failed: NotebookResult) -> None:
    """Neither through its error nor its title, nor through the name of a file."""
    payload = "x\n[[ATTACHMENT|/etc/passwd]]"
    hostile = failed.model_copy(
        update={
            "message": payload,
            "notes": (payload,),
            "parameters": {"p": payload},
            "artefacts": (Artefact(kind=ArtefactKind.LOG, path=Path("/a]]\n[[ATTACHMENT|/b"), name="b"),),
            "cells": tuple(
                cell.model_copy(update={"title": payload, "error": CellError(name=payload, value=payload)})
                for cell in failed.cells
            ),
        }
    )

    assert "[[ATTACHMENT|" not in junit_xml(report.model_copy(update={"results": (hostile,)}))


@pytest.mark.parametrize("odd", ["\x00", "\x1b[31m", "\ufffe", "\ud800", "\U0001f600", "]]>", "&<>\"'"])
def test_every_text_makes_a_readable_document(odd: str, report: Report, failed: NotebookResult) -> None:
    hostile = failed.model_copy(update={"notebook": f"a{odd}b", "message": odd, "notes": (odd,)})

    (case,) = cases(report.model_copy(update={"results": (hostile,)}))

    assert (case.get("name") or "").startswith("a")


def test_an_expected_failure_is_no_failure(report: Report, failed: NotebookResult) -> None:
    expected = failed.model_copy(update={"expected_outcome": Outcome.FAILED})
    unexpected = expected.model_copy(update={"outcome": Outcome.PASSED, "message": ""})

    one, other = cases(report.model_copy(update={"results": (expected, unexpected)}))

    failure = other.find("failure")
    assert one.find("failure") is None
    assert failure is not None
    assert failure.get("message") == "Passed, but expected: failed"


def test_the_file_is_written_with_its_folder(report: Report, tmp_path: Path) -> None:
    publisher = JUnitFile(tmp_path / "deep" / "junit.xml")

    publisher.complete(report)

    assert publisher.path.read_text(encoding="utf-8") == junit_xml(report)
    assert list(publisher.path.parent.iterdir()) == [publisher.path]
