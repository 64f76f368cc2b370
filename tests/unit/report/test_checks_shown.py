"""Checks as JUnit XML, Markdown, and lines and commands of the log: what people read, and what text cannot do there."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import pytest

from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands.checks import check_publishing, exit_code
from amltasks.commands.exit_codes import ExitCode
from amltasks.errors import UserError
from amltasks.redaction import Redactor
from amltasks.report.check_junit import checks_junit_xml
from amltasks.report.check_log import write_checks
from amltasks.report.check_summary import checks_markdown
from amltasks.report.checks import Check, CheckFile, CheckOutcome, CheckReport, ComparedMetric, RolloutMove
from amltasks.report.checks_wording import summary

STARTED = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HOSTILE = "##vso[task.complete result=Succeeded]|`<b>\x00]]><![CDATA[ [[ATTACHMENT|/etc/passwd]]"


def check(outcome: CheckOutcome = CheckOutcome.PASSED, name: str = "two rows", **given: object) -> Check:
    return Check.model_validate({"name": name, "group": "Smoke test", "outcome": outcome, **given})


def report_of(*checks: Check, **given: object) -> CheckReport:
    times = {"started_at": STARTED, "finished_at": STARTED + timedelta(seconds=90)}
    return CheckReport.model_validate({"title": "Smoke test of diabetes", "checks": checks, **times, **given})


FAILED = check(CheckOutcome.FAILED, "none", message="Status 500.", details="Traceback\n  x = 1 / 0", started_at=STARTED)
UNKNOWN = check(CheckOutcome.UNKNOWN, "accuracy", message="There is no champion.")
NOT_RUN = check(CheckOutcome.NOT_RUN, "late", message="Cancelled.")


def log_of(report: CheckReport) -> list[str]:
    stream = io.StringIO()
    write_checks(report, Output(stream, Redactor({})))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("report", "sentence", "code"),
    [
        (report_of(), "Nothing was checked.", ExitCode.PASSED),
        (report_of(check()), "The check passed.", ExitCode.PASSED),
        (report_of(check(), check(name="other")), "All 2 checks passed.", ExitCode.PASSED),
        (report_of(check(), UNKNOWN), "No check failed, 1 of 2 passed.", ExitCode.PASSED),
        (report_of(check(), FAILED), "1 of 2 checks failed: none: Status 500.", ExitCode.CHECKS_FAILED),
        (
            report_of(FAILED, NOT_RUN, cancelled=True),
            "Cancelled: 0 of 2 checks had passed by then.",
            ExitCode.CANCELLED,
        ),
    ],
)
def test_one_sentence_and_one_code_for_all(report: CheckReport, sentence: str, code: ExitCode) -> None:
    assert summary(report) == sentence
    assert exit_code(report) is code


def test_junit_counts_failures_and_skips_what_is_not_known(tmp_path: Path) -> None:
    kept = check(message="Status 200", files=(CheckFile(path=tmp_path / "a.json", name="a.json"),))

    (suite,) = ElementTree.fromstring(checks_junit_xml(report_of(kept, FAILED, UNKNOWN, NOT_RUN)))

    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")] == [
        "4",
        "1",
        "0",
        "2",
        "90.000",
    ]
    cases = suite.findall("testcase")
    assert [(case.get("classname"), case.get("name")) for case in cases[:2]] == [
        ("Smoke test", "two rows"),
        ("Smoke test", "none"),
    ]
    failure = cases[1].find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("Status 500.", FAILED.details)
    assert [case.find("skipped") is not None for case in cases] == [False, False, True, True]
    assert f"[[ATTACHMENT|{tmp_path / 'a.json'}]]" in (cases[0].findtext("system-out") or "")


def test_the_summary_has_tables_checks_and_what_failed() -> None:
    facts, metrics = {"Model": "m:1"}, (ComparedMetric(name="accuracy", new=0.8, champion=0.75, verdict="better"),)

    text = checks_markdown(
        report_of(check(message="Status 200"), FAILED, UNKNOWN, facts=facts, metrics=metrics, notes=("A note.",))
    )

    assert "**1 of 3 checks failed: none: Status 500.**" in text
    assert "| What | Value |\n| --- | --- |\n| Model | m:1 |" in text
    assert "| Metric | New | Champion | Rule | Verdict | Found in |" in text
    assert "| accuracy | 0.8 | 0.75 |  | better |  |" in text
    assert "| ✅ | Smoke test: two rows | passed |  | Status 200 |" in text
    assert "#### none\n\nStatus 500.\n\n```text\nTraceback\n  x = 1 / 0\n```" in text
    assert "A note." in text


def test_the_log_has_a_line_for_each_and_an_issue_for_each_failure() -> None:
    move = RolloutMove(
        at=STARTED, step="10 %", traffic={"blue": 90, "green": 10}, requests=20, error_rate=0.05, p95=0.25, verdict="ok"
    )

    lines = log_of(report_of(check(message="Status 200"), FAILED, UNKNOWN, rollout=(move,), problems=("No network.",)))

    assert "  Time      Step  Traffic                Requests  Errors  p95     Verdict" in lines
    assert "  12:00:00  10 %  blue 90 %, green 10 %  20        5.0%    250 ms  ok" in lines
    assert "passed   Smoke test: two rows" in lines
    assert "      x = 1 / 0" in lines
    issues = [line for line in lines if "task.logissue" in line]
    assert [line.partition("]")[2] for line in issues] == [
        "none: Status 500.",
        "accuracy: There is no champion.",
        "No network.",
    ]
    assert ["type=error" in line for line in issues] == [True, False, False]
    assert "##[section]1 of 3 checks failed: none: Status 500." in lines


def test_many_failures_are_as_many_issues_as_the_agent_keeps() -> None:
    lines = log_of(report_of(*(check(CheckOutcome.FAILED, f"n{number}", message="x") for number in range(30))))

    issues = [line for line in lines if "task.logissue" in line]
    assert len(issues) == 10
    assert issues[-1].endswith("21 more checks have failed; the log above has them all.")


def test_text_stays_text_everywhere() -> None:
    hostile = Check(
        name=HOSTILE, group=HOSTILE, outcome=CheckOutcome.FAILED, message=HOSTILE, details=f"{HOSTILE}\n```\n# x"
    )
    metric = ComparedMetric(name=HOSTILE, rule=HOSTILE, verdict=HOSTILE, where=(HOSTILE,))
    move = RolloutMove(at=STARTED, step=HOSTILE, traffic={HOSTILE: 100}, verdict=HOSTILE)
    report = report_of(
        hostile, title=HOSTILE, facts={HOSTILE: HOSTILE}, metrics=(metric,), rollout=(move,), notes=(HOSTILE,)
    )

    commands = [line for line in log_of(report) if line.startswith("##vso[")]
    (suite,) = ElementTree.fromstring(checks_junit_xml(report))
    markdown = checks_markdown(report)

    assert all(line.startswith("##vso[task.logissue ") for line in commands)
    assert "[[ATTACHMENT|" not in (suite.findtext("testcase/system-out") or "")
    assert "<b>" not in re.sub(r"(`{4,})text\n.*?\n\1\n?", "", markdown, flags=re.DOTALL)
    assert "##vso[" not in markdown


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"publish": "testResult"}, "did you mean 'testResults'"),
        ({"outputFolder": "there.txt"}, "is a file: name a folder"),
    ],
)
def test_where_checks_go_is_looked_at_before_anything_costs_time(
    inputs: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "there.txt").touch()
    variables = {"Agent.TempDirectory": str(tmp_path), "Build.SourcesDirectory": str(tmp_path)}
    task = {"name": "TestEndpoint", "version": "1.0.0"}

    with pytest.raises(UserError, match=f"^{next(iter(inputs))}: ") as raised:
        check_publishing(Job.model_validate({"task": task, "inputs": inputs, "variables": variables, "secrets": {}}))

    assert sentence in str(raised.value)
