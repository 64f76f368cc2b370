"""Checks as JUnit XML: one suite for the command, one test case for each check, its group as the class."""

from __future__ import annotations

from xml.etree import ElementTree

from amltasks.report.checks import Check, CheckOutcome, CheckReport
from amltasks.report.checks_wording import OUTCOMES
from amltasks.report.junit import TEXT_LIMIT, account, clean, document, new_suite, seconds_text


def checks_junit_xml(report: CheckReport) -> str:
    """The report as one XML document. What is unknown or was not come to is skipped, with the reason."""
    suite = new_suite(report.title, report.started_at, report.finished_at)
    for check in report.checks:
        _add_case(suite, check)
    return document(suite)


def _add_case(suite: ElementTree.Element, check: Check) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", name=clean(check.name), classname=clean(check.group), time=seconds_text(check.duration)
    )
    message = check.message or OUTCOMES[check.outcome]
    if check.outcome is CheckOutcome.FAILED:
        failure = ElementTree.SubElement(case, "failure", message=clean(message), type=clean(check.group))
        failure.text = clean(check.details[:TEXT_LIMIT])
    elif not check.ok:
        ElementTree.SubElement(case, "skipped", message=clean(message))
    text = "\n".join(filter(None, (f"{OUTCOMES[check.outcome]}: {message}", check.details[:TEXT_LIMIT])))
    account(case, text, [file.path for file in check.files])
