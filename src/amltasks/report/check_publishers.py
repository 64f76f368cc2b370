"""Checks wherever results are looked for: files, the agent's log, a test run. All is redacted first, in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amltasks.report.check_junit import checks_junit_xml
from amltasks.report.check_run import CheckRun
from amltasks.report.check_summary import checks_markdown
from amltasks.report.checks import Check, CheckReport
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
    tables = {redact(title): tuple(tuple(map(redact, row)) for row in rows) for title, rows in report.tables.items()}
    return report.model_copy(
        update={
            "title": redact(report.title),
            "checks": tuple(_redacted_check(check, redact) for check in report.checks),
            "tables": tables,
            "notes": tuple(map(redact, report.notes)),
            "problems": tuple(map(redact, report.problems)),
            "links": {redact(name): redact(place) for name, place in report.links.items()},
        }
    )


def _redacted_check(check: Check, redact: Redact) -> Check:
    files = [file.model_copy(update={"name": redact(file.name), "note": redact(file.note)}) for file in check.files]
    texts = {name: redact(getattr(check, name)) for name in ("name", "group", "message", "details")}
    return check.model_copy(update={**texts, "files": tuple(files)})


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
