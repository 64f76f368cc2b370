"""Jobs that nobody waits for any more: of a process that died, or of an older commit of the branch or pull request."""

from __future__ import annotations

from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.jobs import ACTIVE, ENDING, Jobs
from amltasks.platforms.azureml.step import LINE, RUN, Step


def cancel_superseded(jobs: Jobs, step: Step) -> tuple[list[str], list[str]]:
    """Cancels what earlier builds or attempts of this step have left active: (cancelled, what could not be).

    Only jobs that carry this step's tags are touched, and none of this attempt.
    """
    cancelled: list[str] = []
    problems: list[str] = []
    if not step.line:
        return cancelled, problems
    for job in list(jobs.tagged(LINE, step.line)):
        if job.status in ACTIVE - ENDING and job.tags.get(RUN) != step.run:
            try:
                jobs.cancel(job.name)
                cancelled.append(job.name)
            except AmlTasksError as error:
                problems.append(str(error))
    return cancelled, problems
