"""Checks wherever results are looked for: files, the agent's log, a test run. All is redacted first, in one place."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from amltasks.data import Data
from amltasks.report.check_junit import checks_junit_xml
from amltasks.report.check_run import CheckRun
from amltasks.report.check_summary import checks_markdown
from amltasks.report.checks import CheckReport
from amltasks.report.files import write_whole

RESULTS, JUNIT, SUMMARY = "results.json", "junit.xml", "summary.md"

Redact = Callable[[str], str]


def publish(
    report: CheckReport,
    folder: Path,
    *,
    junit: Path | None = None,
    summary: bool = False,
    test_run: CheckRun | None = None,
    deadline: float | None = None,
) -> CheckReport:
    """The report as it was published, with links to it and with what could not be.

    report: redacted. folder: for the files. junit: a file of its own. test_run: None for none.
    deadline: `time.monotonic()` to be back by.
    """
    report = _written(report, folder / RESULTS, "Results file", _json)  # is there before the network is tried
    if junit is not None:
        report = _written(report, junit, "JUnit file", checks_junit_xml)
    if test_run is not None:
        test_run.publish(report, deadline)
        links = {"Test run": test_run.url} if test_run.url else {}
        report = _told(report, links, test_run.problems())
    if summary:
        report = _written(report, folder / SUMMARY, "Summary", checks_markdown)
    return _written(report, folder / RESULTS, "Results file", _json)


def redacted(report: CheckReport, redact: Redact) -> CheckReport:
    """Every text that a person or a service could see of it, but for paths."""
    return report.model_copy(update=_redacted_fields(report, redact))


def _redacted_fields(data: Data, redact: Redact) -> dict[str, Any]:
    return {name: _redacted(getattr(data, name), redact) for name in type(data).model_fields}


def _redacted(value: Any, redact: Redact) -> Any:
    """Enumerations and paths are no texts."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return redact(value)
    if isinstance(value, Data):
        return value.model_copy(update=_redacted_fields(value, redact))
    if isinstance(value, dict):
        return {redact(name): _redacted(each, redact) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_redacted(each, redact) for each in value)
    return value


def _json(report: CheckReport) -> str:
    return report.model_dump_json(by_alias=True, indent=2) + "\n"


def _written(report: CheckReport, path: Path, name: str, form: Callable[[CheckReport], str]) -> CheckReport:
    """The file with the report in it, and the report that knows of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, form(report))
    except OSError as error:
        return _told(report, {}, (f"{name}: {error}",))
    return _told(report, {name: str(path)}, ())


def _told(report: CheckReport, links: dict[str, str], problems: tuple[str, ...]) -> CheckReport:
    new = (problem for problem in problems if problem not in report.problems)
    return report.model_copy(update={"links": report.links | links, "problems": (*report.problems, *new)})
