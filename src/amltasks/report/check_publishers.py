"""Checks wherever results are looked for: files, the agent's log, a test run. All is redacted first, in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amltasks.report.checks import Check, CheckFile, CheckReport
from amltasks.report.files import write_whole

RESULTS = "results.json"

Redact = Callable[[str], str]


def publish(report: CheckReport, folder: Path, redact: Redact, deadline: float | None = None) -> CheckReport:
    """The report as it was published, with links to it and with what could not be.

    folder: for the files. deadline: `time.monotonic()` by which this must return.
    """
    report = redacted(report, redact)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / RESULTS, report.model_dump_json(by_alias=True, indent=2) + "\n")
    return report.model_copy(update={"links": {**report.links, "Results file": str(folder / RESULTS)}})


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
    return check.model_copy(
        update={
            "name": redact(check.name),
            "group": redact(check.group),
            "message": redact(check.message),
            "details": redact(check.details),
            "files": tuple(CheckFile(path=file.path, name=redact(file.name)) for file in check.files),
        }
    )
