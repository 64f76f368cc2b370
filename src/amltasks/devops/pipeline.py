"""What a task's variables say about the pipeline it runs in, as far as test runs refer to it."""

from __future__ import annotations

from collections.abc import Mapping

from amltasks.data import Data


class Step(Data):
    """A stage, phase or job. attempt: from 1, counts re-runs of it (not the retries of a task)."""

    name: str
    attempt: int = 1


class PipelineContext(Data):
    """build_id: the run of the pipeline; None in a classic release, which has release_id and release URIs instead.

    target_branch: of the pull request that is built, `refs/heads/main`; empty otherwise.
    invocation: the same for every retry of this task in this job, and for nothing else.
    """

    project: str
    build_id: int | None = None
    build_uri: str = ""
    release_id: int | None = None
    release_uri: str = ""
    release_environment_uri: str = ""
    stage: Step | None = None
    phase: Step | None = None
    job: Step | None = None
    target_branch: str = ""
    computer: str = ""
    invocation: str = ""

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> PipelineContext:
        """From the job's variables by their real names (`Build.BuildId`), in any case."""
        given = {name.lower(): value for name, value in variables.items()}

        def text(name: str) -> str:
            return given.get(name.lower(), "")

        def number(name: str) -> int | None:
            return int(text(name)) if text(name).isdecimal() else None

        def step(kind: str) -> Step | None:
            name = text(f"System.{kind}Name")
            return Step(name=name[:256], attempt=number(f"System.{kind}Attempt") or 1) if name else None

        release = number("Release.ReleaseId")
        build = None if release else number("Build.BuildId")
        own = ("System.StageName", "System.StageAttempt", "System.PhaseAttempt", "System.JobAttempt", "System.JobId")
        return cls(
            project=text("System.TeamProjectId") or text("System.TeamProject"),
            build_id=build,
            build_uri=(text("Build.BuildUri") or f"vstfs:///Build/Build/{build}") if build else "",
            release_id=release,
            release_uri=text("Release.ReleaseUri"),
            release_environment_uri=text("Release.EnvironmentUri"),
            stage=step("Stage"),
            phase=step("Phase"),
            job=step("Job"),
            target_branch=_branch(text("System.PullRequest.TargetBranch")),
            computer=text("Agent.MachineName"),
            invocation="/".join(map(text, (*own, "Release.AttemptNumber", "System.TaskInstanceId"))),
        )


def _branch(name: str) -> str:
    """The full name: services other than Azure Repos give the short one."""
    return name if not name or name.startswith("refs/") else f"refs/heads/{name}"
