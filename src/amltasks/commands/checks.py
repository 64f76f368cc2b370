"""What commands whose results are checks share: where they leave files, how they publish, what they end with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands.exit_codes import ExitCode
from amltasks.redaction import Redactor
from amltasks.report.check_publishers import publish
from amltasks.report.checks import CheckReport
from amltasks.report.checks_wording import summary


def results_folder(job: Job) -> Path:
    """Where the step leaves its files: `outputFolder`, or one of its own that the job's other steps can reach."""
    given = job.inputs.get("outputFolder", "").strip()
    if given:
        return job.sources_folder / given
    staging = job.variable("Build.ArtifactStagingDirectory") or job.variable("System.ArtifactsDirectory")
    return Path(staging or job.temp_folder) / "checks" / (job.variable("System.TaskInstanceName") or "results")


def publish_checks(
    job: Job, output: Output, report: CheckReport, redactor: Redactor, *, deadline: float | None = None
) -> ExitCode:
    """Publishes as the step's inputs `publish`, `testRunTitle` and `outputFolder` want it; tells the agent the verdict.

    report: its texts are redacted here, its files are as they will be seen. deadline: `time.monotonic()` by which
    this must return, None for no hurry. What could not be published is a warning, and no check fails by it.
    """
    report = publish(report, results_folder(job), redactor.text, deadline)
    code = exit_code(report)
    output.command(*_verdict(report, code))
    return code


def exit_code(report: CheckReport) -> ExitCode:
    """From the checks alone. One that could not be found out fails nothing."""
    if report.cancelled:
        return ExitCode.CANCELLED
    return ExitCode.CHECKS_FAILED if report.failed else ExitCode.PASSED


def _verdict(report: CheckReport, code: ExitCode) -> Iterator[str]:
    """What the agent shows as the step's result. A cancelled step it marks itself."""
    if code is ExitCode.CHECKS_FAILED:
        yield commands.complete("Failed", summary(report))
    elif code is ExitCode.PASSED and report.problems:
        yield commands.complete("SucceededWithIssues", report.problems[0])
