"""JUnit XML as Azure DevOps, Jenkins and GitLab read it: one suite for the command, one test case for each result.

Cells are told in the case's `system-out`, not as cases of their own: a notebook is what people name, own and rerun,
and a case for each cell would count the same failure many times. Azure DevOps attaches what
`[[ATTACHMENT|path]]` names. The form is the one of Jenkins' junit-10.xsd; characters that XML cannot hold are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from amltasks.report.files import write_whole
from amltasks.report.model import NotebookResult, Outcome, Report
from amltasks.report.publisher import Publisher
from amltasks.report.wording import CELL_OUTCOMES, duration_words, outcome_words

NAME = "junit.xml"
TEXT_LIMIT = 32_000  # characters of one traceback or output

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What the notebook did is a failure; what kept it from being judged is an error.
_ERRORS = {Outcome.KERNEL_MISSING, Outcome.INVALID, Outcome.CANCELLED}


class JUnitFile(Publisher):
    """Writes `junit.xml` when all is over."""

    name = "JUnit file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def complete(self, report: Report, deadline: float | None = None) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, junit_xml(report))

    def links(self) -> dict[str, str]:
        return {"JUnit file": str(self.path)}


def junit_xml(report: Report) -> str:
    """The report as one XML document."""
    suite = new_suite(report.title, report.started_at, report.finished_at)
    for result in report.results:
        _add_case(suite, result)
    return document(suite)


def new_suite(title: str, started_at: datetime, finished_at: datetime) -> ElementTree.Element:
    """Without cases."""
    return ElementTree.Element(
        "testsuite",
        name=clean(title),
        timestamp=started_at.strftime("%Y-%m-%dT%H:%M:%S"),
        time=seconds_text((finished_at - started_at).total_seconds()),
    )


def document(suite: ElementTree.Element) -> str:
    """The XML document with this suite, its cases counted."""
    suites = ElementTree.Element("testsuites", name=suite.get("name", ""))
    suites.append(suite)
    for element in (suites, suite):
        element.set("tests", str(len(suite.findall("testcase"))))
        element.set("failures", str(len(suite.findall("testcase/failure"))))
        element.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ElementTree.indent(suites)
    whole: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return whole.decode() + "\n"


def account(case: ElementTree.Element, text: str, files: Iterable[Path]) -> None:
    """The case's `system-out`: a text, and markers of the files to attach."""
    # The marker ends at the first `]]`: a path with one would attach another file.
    attached = [f"[[ATTACHMENT|{path}]]" for path in files if "]]" not in str(path)]
    ElementTree.SubElement(case, "system-out").text = "\n".join([clean(text), *map(_xml_only, attached)])


def _add_case(suite: ElementTree.Element, result: NotebookResult) -> None:
    folder = str(PurePosixPath(result.notebook).parent)
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=clean(result.title),
        classname=clean("notebooks" if folder == "." else folder.replace("/", ".")),
        time=seconds_text(result.duration),
    )
    if not result.ok:
        _add_reason(case, result)
    account(case, _account(result), [artefact.path for artefact in result.artefacts])
    last_output = result.kernel_death.last_output if result.kernel_death else ""
    if last_output:
        ElementTree.SubElement(case, "system-err").text = clean(last_output[-TEXT_LIMIT:])


def _add_reason(case: ElementTree.Element, result: NotebookResult) -> None:
    message = result.message or outcome_words(result)
    if result.outcome is Outcome.NOT_RUN:
        ElementTree.SubElement(case, "skipped", message=clean(message))
        return
    failing = result.failing_cell
    error = failing.error if failing else None
    reason = ElementTree.SubElement(
        case,
        "error" if result.outcome in _ERRORS else "failure",
        message=clean(message),
        type=clean(error.name if error else outcome_words(result)),
    )
    if failing:
        source = failing.source[:TEXT_LIMIT]
        traceback = error.traceback[-TEXT_LIMIT:] if error else ""
        reason.text = clean(f"{message}\n\nCell: {failing.title}\n\n{source}\n\n{traceback}".rstrip())


def _account(result: NotebookResult) -> str:
    """What `system-out` tells: the outcome, parameters, notes and each cell."""
    lines = [f"{outcome_words(result)}{f': {result.message}' if result.message else ''}"]
    lines += [f"{name} = {value!r}"[:1000] for name, value in result.parameters.items()]
    lines += [f"Note: {note}" for note in result.notes]
    for number, cell in enumerate(result.cells, 1):
        duration = f" in {duration_words(cell.duration)}" if cell.duration is not None else ""
        lines.append(f"Cell {number} {CELL_OUTCOMES[cell.outcome]}{duration}: {cell.title}")
    return "\n".join(lines)


def clean(text: str) -> str:
    """Text that XML can hold and that attaches nothing, whatever a notebook wrote."""
    return _xml_only(text.replace("[[ATTACHMENT|", "[ [ATTACHMENT|"))


def _xml_only(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def seconds_text(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
