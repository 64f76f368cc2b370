"""What a step says on the pull request that its build is for, where it was asked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from urllib.parse import quote

from amltasks.agent.job import Job
from amltasks.commands.tab_context import tab_context
from amltasks.report.model import Report
from amltasks.report.publisher import Publisher
from amltasks.requests import PullRequestComment, RunNotebooksRequest, Target

TAB = "azure-ml-tasks.azure-ml-tasks.notebooks-tab"  # publisher, extension and contribution, as the manifest has them

_COMMENT: dict[PullRequestComment, Literal["onFailure", "always"] | None] = {
    PullRequestComment.NEVER: None,
    PullRequestComment.ON_FAILURE: "onFailure",
    PullRequestComment.ALWAYS: "always",
}


def pull_request_publisher(
    job: Job, request: RunNotebooksRequest, is_red: Callable[[Report], bool], redact: Callable[[str], str]
) -> Publisher | None:
    """None where nothing is to be said, or no pull request is built."""
    comment = _COMMENT[request.pull_request_comment]
    if (comment is None and not request.pull_request_status) or job.connection is None:
        return None
    from amltasks.devops.pull_requests import PullRequest  # with the SDK, which few steps need for it
    from amltasks.report.green_run import PipelineStep
    from amltasks.report.pull_request import PullRequestOptions, PullRequestPublisher

    pull_request = PullRequest.from_variables(job.variables)
    build = job.variable("Build.BuildId")
    if pull_request is None or not build.isdecimal():
        return None
    definition = job.variable("System.DefinitionId")
    page = f"{job.collection_url}{quote(job.variable('System.TeamProject'))}/_build/results?buildId={build}"
    options = PullRequestOptions(
        url=job.collection_url,
        token=job.connection.token,
        pull_request=pull_request,
        step=PipelineStep(
            definition=int(definition) if definition.isdecimal() else 0,
            pipeline=job.variable("Build.DefinitionName"),
            context=tab_context(job),
        ),
        build=int(build),
        build_number=job.variable("Build.BuildNumber"),
        build_page=page,
        tab=f"{page}&view={TAB}" if Target.TAB in request.publish else "",
        comment=comment,
        status=request.pull_request_status,
    )
    return PullRequestPublisher(options, is_red, redact)
