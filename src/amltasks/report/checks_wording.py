"""How checks are said to people. Plain text: whoever prints it makes it harmless first."""

from __future__ import annotations

from amltasks.report.checks import Check, CheckOutcome, CheckReport

OUTCOMES = {
    CheckOutcome.PASSED: "passed",
    CheckOutcome.FAILED: "failed",
    CheckOutcome.UNKNOWN: "unknown",
    CheckOutcome.NOT_RUN: "not run",
}


def summary(report: CheckReport) -> str:
    """One sentence about all checks, the reason in it where one has failed: `2 of 5 checks failed: …`"""
    total, failed = len(report.checks), report.failed
    passed = sum(check.ok for check in report.checks)
    if report.cancelled:
        return f"Cancelled: {passed} of {count_of(total)} had passed by then."
    if not total:
        return "Nothing was checked."
    if failed:
        return f"{len(failed)} of {count_of(total)} failed: {reason(failed[0])}"
    if passed < total:
        return f"No check failed, {passed} of {total} passed."
    return "The check passed." if total == 1 else f"All {total} checks passed."


def reason(check: Check) -> str:
    """`two rows: status 500`; the name alone where nothing is known."""
    return f"{check.name}: {check.message}" if check.message else f"{check.name}."


def count_of(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"
