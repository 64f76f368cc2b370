"""Where a step's results come from, as the run's Notebooks tab tells them apart."""

from __future__ import annotations

from amltasks.agent.job import Job
from amltasks.report.tab_records import TabContext

_ATTEMPTS = ("System.StageAttempt", "System.PhaseAttempt", "System.JobAttempt", "Release.AttemptNumber")


def tab_context(job: Job) -> TabContext:
    """Classic releases have stages, too, under another name."""
    # The agent calls every job `__default` that is not one of a matrix; the name in the YAML is the phase's.
    names = [job.variable("System.PhaseName"), job.variable("System.JobName")]
    attempts = map(job.variable, _ATTEMPTS)
    target = job.variable("System.PullRequest.TargetBranch")  # GitHub's are without `refs/heads/`
    return TabContext(
        task=job.task.name,
        stage=job.variable("System.StageName") or job.variable("Release.EnvironmentName"),
        job=" ".join(name for name in names if name and name != "__default"),
        attempt=max([1, *(int(attempt) for attempt in attempts if attempt.isdecimal())]),
        step=job.variable("System.TaskInstanceName") or job.variable("System.TaskInstanceId"),
        branch=job.variable("Build.SourceBranch"),
        target_branch=target if not target or target.startswith("refs/") else f"refs/heads/{target}",
        commit=job.variable("Build.SourceVersion"),
    )
