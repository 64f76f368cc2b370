"""RunNotebookOnAML: run the notebooks of a pipeline's step and publish what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

from amltasks.agent import commands
from amltasks.agent.job import Job
from amltasks.agent.output import Output
from amltasks.commands import azureml
from amltasks.commands.exit_codes import ExitCode
from amltasks.commands.pull_request import pull_request_publisher
from amltasks.commands.run_notebooks import exit_code, leaking, run_notebooks
from amltasks.commands.tab_context import tab_context
from amltasks.devops.pipeline import PipelineContext
from amltasks.notebooks.scraps import scrap_variables
from amltasks.platforms.local.compute import LocalCompute
from amltasks.redaction import Redactor
from amltasks.report.junit import JUnitFile
from amltasks.report.model import Origin, Report
from amltasks.report.pipeline_log import PipelineLog
from amltasks.report.publisher import Publisher
from amltasks.report.results_file import ResultsFile
from amltasks.report.summary import SummaryFile
from amltasks.report.tab import TabAmendment, TabFiles
from amltasks.report.tab_names import Attachment
from amltasks.report.test_run import TestRunOptions, TestRunPublisher
from amltasks.report.wording import summary
from amltasks.requests import RunNotebooksRequest, Target

_OUTCOMES = {ExitCode.PASSED: "passed", ExitCode.NOTEBOOKS_FAILED: "failed", ExitCode.CANCELLED: "cancelled"}


def carry_out(job: Job, output: Output, warm: LocalCompute | None = None) -> ExitCode:
    """Run, publish, set the output variables and tell the agent the verdict.

    warm: where notebooks of this machine run, having begun to get ready.
    """
    request = RunNotebooksRequest.from_inputs(job.inputs, job.sources_folder, _default_output(job), _default_cache(job))
    if not request.title:
        request = request.model_copy(update={"title": job.variable("System.TaskDisplayName")})
    secrets = {**job.secrets(), **request.secret_parameters}
    redactor = Redactor(secrets)
    output = output.with_redactor(redactor)
    for value in request.secret_parameters.values():
        output.command(*commands.set_secrets(value))
    if redactor.too_short:
        names = ", ".join(sorted(redactor.too_short))
        output.command(commands.warning_line(f"Too short to be taken out of what the notebooks leave: {names}."))
    remote = azureml.compute_of(job, request, output)
    if remote is not None and not remote.waits:
        return azureml.submit(remote, request, output)
    step = _Step(job, request, output, redactor)
    publishers = [*step.publishers, PipelineLog(output)]
    report = run_notebooks(
        request,
        publishers,
        secrets,
        look=step.look,
        watch_parent=True,
        compute=remote or warm,
        origin=_origin(job),
    )
    code = exit_code(report, request)
    if remote is not None:
        output.command(*azureml.variables(remote))
    output.command(*step.uploads(), *step.variables(report, code), *_verdict(report, request, code))
    return code


class _Step:
    """This step's publishers, and what the agent is told when they have done their work."""

    def __init__(self, job: Job, request: RunNotebooksRequest, output: Output, redactor: Redactor) -> None:
        folder = request.output_folder
        self._results = ResultsFile(folder)
        self._summary = SummaryFile(folder) if Target.SUMMARY in request.publish else None
        self._tab = _tab(job, request, output) if Target.TAB in request.publish else None
        self.look = self._tab.look if self._tab else None
        self._test_run = _test_run(job, request, redactor)
        junit = JUnitFile(folder / "junit.xml") if Target.JUNIT in request.publish else None
        pull_request = pull_request_publisher(job, request, lambda report: _is_red(report, request), redactor.text)
        # The results file and the tab are there before the network is tried, and say afterwards what came of it.
        before = (self._results, junit, self._tab)
        after = (self._summary, self._results, TabAmendment(self._tab) if self._tab else None)
        chosen = (*before, self._test_run, pull_request, *after)
        self.publishers: list[Publisher] = [publisher for publisher in chosen if publisher is not None]

    def uploads(self) -> Iterator[str]:
        """Refused, with a warning in the log, where the pipeline restricts commands: the files stay in the folder."""
        if self._summary and self._summary.path.is_file():
            yield commands.upload_summary(self._summary.path)

    def variables(self, report: Report, code: ExitCode) -> Iterator[str]:
        """The output variables, those of the notebooks' scraps among them."""
        run_id = self._test_run.run_id if self._test_run else None
        values = {
            "Outcome": _OUTCOMES[code],
            "Total": str(len(report.results)),
            "Passed": str(len(report.passed)),
            "Failed": str(len(report.failed)),
            "TestRunId": "" if run_id is None else str(run_id),
            "ResultsFolder": str(self._results.path.parent),
            "ResultsFile": str(self._results.path),
            **scrap_variables([(result.run_id, result.scraps) for result in report.results]),
        }
        for name, value in values.items():
            yield commands.set_variable(name, value, output=True)


def _default_output(job: Job) -> Path:
    """A folder that the job's other steps can reach and that no other step of this task writes to."""
    staging = job.variable("Build.ArtifactStagingDirectory") or job.variable("System.ArtifactsDirectory")
    return Path(staging or job.temp_folder) / "notebooks" / (job.variable("System.TaskInstanceName") or "results")


def _default_cache(job: Job) -> Path | None:
    """A folder that agents of one's own keep between the runs of a pipeline, unless its job cleans the workspace."""
    workspace = job.variable("Pipeline.Workspace")
    return Path(workspace) / ".amltasks" if workspace else None


def _origin(job: Job) -> Origin:
    """How later runs call this one: the build, or the release."""
    project, build = quote(job.variable("System.TeamProject")), job.variable("Build.BuildId")
    page = f"{job.collection_url}{project}/_build/results?buildId={build}" if build and job.collection_url else ""
    return Origin(
        build=job.variable("Release.ReleaseName") or job.variable("Build.BuildNumber"),
        url=job.variable("Release.ReleaseWebURL") or page,
        at=datetime.now(timezone.utc),
    )


def _tab(job: Job, request: RunNotebooksRequest, output: Output) -> TabFiles:
    """Its files are attached as they come; a pipeline that restricts commands refuses that with warnings in the log."""

    def attach(attachments: Sequence[Attachment]) -> None:
        output.command(*(commands.add_attachment(each.type, each.name, each.path) for each in attachments))

    return TabFiles(request.output_folder, tab_context(job), attach, output.redacted)


def _test_run(job: Job, request: RunNotebooksRequest, redactor: Redactor) -> TestRunPublisher | None:
    if Target.TEST_RESULTS not in request.publish or job.connection is None:
        return None
    options = TestRunOptions(
        url=job.collection_url,
        token=job.connection.token,
        pipeline=PipelineContext.from_variables(job.variables),
        attach=request.attach,
        attach_for=request.attach_for,
    )
    return TestRunPublisher(options, redactor.text)


def _is_red(report: Report, request: RunNotebooksRequest) -> bool:
    return exit_code(report, request) is ExitCode.NOTEBOOKS_FAILED


def _verdict(report: Report, request: RunNotebooksRequest, code: ExitCode) -> Iterator[str]:
    """What the agent shows as the step's result. A cancelled step it marks itself."""
    if code == ExitCode.NOTEBOOKS_FAILED:
        leaks = leaking(report) if request.strict_secrets else ()
        if leaks:
            titles = ", ".join(result.title for result in leaks)
            yield commands.issue(f"strictSecrets: secrets were found in the outputs of {titles}.", "error")
        yield commands.complete("Failed", summary(report))
    elif code == ExitCode.PASSED and report.problems:
        yield commands.complete("SucceededWithIssues", report.problems[0])
