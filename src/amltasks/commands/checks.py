"""What commands whose results are checks share: where they leave files, how they publish, what they end with."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.neutral import neutralise
from amltasks.agent.output import Output
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.stopping import set_by_signals
from amltasks.commands.tab_context import tab_context
from amltasks.devops.pipeline import PipelineContext
from amltasks.errors import UserError
from amltasks.quoting import quoted
from amltasks.redaction import Redactor
from amltasks.report.check_log import checks_lines, write_checks
from amltasks.report.check_publishers import JUNIT, SUMMARY, publish, redacted
from amltasks.report.check_run import HURRY_SECONDS, CheckRun
from amltasks.report.check_tab import CheckTab
from amltasks.report.checks import CheckReport
from amltasks.report.checks_wording import summary
from amltasks.report.test_run import TestRunOptions
from amltasks.requests import parse_choices

TAB_FOLDER = "tab"  # within the step's results


class CheckTarget(str, Enum):
    """Where checks can be published."""

    TEST_RESULTS = "testResults"
    TAB = "tab"
    SUMMARY = "summary"
    JUNIT = "junit"


def results_folder(job: Job) -> Path:
    """Where the step leaves its files: `outputFolder`, or one of its own that the job's other steps can reach."""
    given = job.inputs.get("outputFolder", "").strip()
    if given:
        return job.sources_folder / given
    staging = job.variable("Build.ArtifactStagingDirectory") or job.variable("System.ArtifactsDirectory")
    return Path(staging or job.temp_folder) / "checks" / (job.variable("System.TaskInstanceName") or "results")


def check_publishing(job: Job) -> frozenset[CheckTarget]:
    """Where the step wants its checks. Comes before anything costs time: raises UserError, naming the input."""
    if results_folder(job).is_file():
        raise UserError(f"outputFolder: {quoted(job.inputs['outputFolder'])} is a file: name a folder.")
    return parse_choices(job.inputs.get("publish", "").strip() or "testResults,tab,summary", CheckTarget, "publish")


def publish_checks(
    job: Job, output: Output, report: CheckReport, redactor: Redactor, *, deadline: float | None = None
) -> ExitCode:
    """Publishes as the step's inputs `publish`, `testRunTitle` and `outputFolder` want it; tells the agent the verdict.

    report: its texts are redacted here, its files are as they will be seen. deadline: `time.monotonic()` by which
    this must return, None for no hurry but that of a cancelled report. What could not be published is a warning, and
    no check fails by it.
    """
    wanted = check_publishing(job)
    report = redacted(_titled(report, job), redactor.text)
    folder, stop = results_folder(job), threading.Event()
    if report.cancelled and deadline is None:
        deadline = time.monotonic() + HURRY_SECONDS
    with set_by_signals(stop):
        report = publish(
            report,
            folder,
            junit=folder / JUNIT if CheckTarget.JUNIT in wanted else None,
            summary=CheckTarget.SUMMARY in wanted,
            test_run=_test_run(job, stop) if CheckTarget.TEST_RESULTS in wanted else None,
            deadline=deadline,
        )
        if CheckTarget.TAB in wanted:
            report = _attached(job, output, report)
        write_checks(report, output)
    if CheckTarget.SUMMARY in wanted and (folder / SUMMARY).is_file():
        output.command(commands.upload_summary(folder / SUMMARY))
    code = ExitCode.CANCELLED if stop.is_set() else exit_code(report)
    output.command(*_verdict(report, code))
    return code


class CheckProgress:
    """Has the tab follow a step that takes long, where `publish` names the tab. May be told from any one thread."""

    def __init__(self, job: Job, output: Output, redact: Callable[[str], str]) -> None:
        self._job = job
        self._tab = _tab(job) if CheckTarget.TAB in check_publishing(job) else None
        self._output = output
        self._redact = redact
        self._current = ""

    def current(self, sentence: str) -> None:
        """What is done now; seen with the next move."""
        self._current = sentence

    def moved(self, report: CheckReport) -> None:
        """How far it has come. Whoever is following loses a moment where that cannot be written."""
        if self._tab is None:
            return
        try:
            attachment = self._tab.progress(
                redacted(_titled(report, self._job), self._redact), self._redact(self._current)
            )
        except OSError as error:
            self._output.text(f"The Notebooks tab does not show this move: {error}")
        else:
            self._output.command(commands.add_attachment(attachment.type, attachment.name, attachment.path))


def show_checks(report: CheckReport, folder: Path, redactor: Redactor, junit: Path | None = None) -> ExitCode:
    """The same on a laptop: results.json in the folder, a JUnit file where one is wanted, all of it on the terminal."""
    report = publish(redacted(report, redactor.text), folder, junit=junit)
    for line in (*checks_lines(report), *report.problems, summary(report)):
        sys.stdout.write(f"{neutralise(line)}\n")
    sys.stdout.flush()
    code = exit_code(report)
    return ExitCode.NOT_RUN if code is ExitCode.PASSED and report.problems else code


def exit_code(report: CheckReport) -> ExitCode:
    """From the checks alone. One that could not be found out fails nothing."""
    if report.cancelled:
        return ExitCode.CANCELLED
    return ExitCode.CHECKS_FAILED if report.failed else ExitCode.PASSED


def _titled(report: CheckReport, job: Job) -> CheckReport:
    """As the step wants it to be called, or is called itself."""
    title = " ".join(job.inputs.get("testRunTitle", "").split()) or job.variable("System.TaskDisplayName")
    return report.model_copy(update={"title": title or report.title})


def _tab(job: Job) -> CheckTab:
    return CheckTab(results_folder(job) / TAB_FOLDER, tab_context(job))


def _attached(job: Job, output: Output, report: CheckReport) -> CheckReport:
    """What the tab shows, told to the agent, and the report with what could not be."""
    try:
        attachments = _tab(job).complete(report)
    except OSError as error:
        return report.model_copy(update={"problems": (*report.problems, f"Notebooks tab: {error}")})
    output.command(*(commands.add_attachment(each.type, each.name, each.path) for each in attachments))
    return report


def _test_run(job: Job, stop: threading.Event) -> CheckRun | None:
    if job.connection is None:
        return None
    options = TestRunOptions(
        url=job.collection_url, token=job.connection.token, pipeline=PipelineContext.from_variables(job.variables)
    )
    return CheckRun(options, stop)


def _verdict(report: CheckReport, code: ExitCode) -> Iterator[str]:
    """What the agent shows as the step's result. A cancelled step it marks itself."""
    if code is ExitCode.CHECKS_FAILED:
        yield commands.complete("Failed", summary(report))
    elif code is ExitCode.PASSED and report.problems:
        yield commands.complete("SucceededWithIssues", report.problems[0])
