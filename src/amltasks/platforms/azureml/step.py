"""Which build a job belongs to, as tags: to find it again, to take it over, to end it when nobody waits for it."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping

from amltasks.data import Data
from amltasks.platforms.azureml.request import OUR_TAGS
from amltasks.platforms.base import NotebookRun

_LONGEST_TAG = 256
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
# Predefined variables: what each tag says of the build.
_TAGS = {
    "collection": "System.CollectionUri",
    "project": "System.TeamProject",
    "pipeline": "Build.DefinitionName",
    "definition": "System.DefinitionId",
    "build": "Build.BuildId",
    "buildNumber": "Build.BuildNumber",
    "commit": "Build.SourceVersion",
    "repository": "Build.Repository.Name",
    "branch": "Build.SourceBranch",
    "pullRequest": "System.PullRequest.PullRequestId",
    "stage": "System.StageName",
    "phase": "System.PhaseName",
    "job": "System.JobName",
    "step": "System.TaskInstanceName",
}
_ATTEMPTS = ("System.StageAttempt", "System.PhaseAttempt", "System.JobAttempt")
# Steps that run beside each other and in later builds: the same pipeline, branch or pull request, and step.
_LINE = ("collection", "project", "definition", "branch", "pullRequest", "stage", "phase", "job", "step")
RUN, LINE, NOTEBOOK, SET, PARAMETERS, BUILD = (
    f"{OUR_TAGS}{name}" for name in ("run", "line", "notebook", "parameterSet", "parameters", "build")
)


class Step(Data):
    """said: what is known of the build, by the names of _TAGS. attempt: of stage, phase and job, as `1.1.2`.

    run: one execution of one step in one attempt; the same when the step is tried again within the attempt.
    line: the same for this step in all builds of the pipeline for the branch or pull request; empty outside pipelines.
    """

    said: dict[str, str] = {}
    attempt: str = ""
    run: str
    line: str = ""

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Step:
        """variables: of the job, by their names in any case. Outside a pipeline every run is one of its own."""
        by_name = {name.casefold(): value for name, value in variables.items()}
        said = {tag: by_name[name.casefold()] for tag, name in _TAGS.items() if by_name.get(name.casefold())}
        if "build" not in said:
            return cls(run=secrets.token_hex(10))
        attempt = ".".join(by_name.get(name.casefold()) or "1" for name in _ATTEMPTS)
        step = {tag: said.get(tag, "") for tag in _LINE}
        return cls(
            said=said,
            attempt=attempt,
            run=_digest({**step, "build": said["build"], "attempt": attempt}),
            line=_digest(step),
        )

    @property
    def is_pull_request(self) -> bool:
        return "pullRequest" in self.said

    def tags(self, run: NotebookRun) -> dict[str, str]:
        """Of the job of one run. Parameters are told by a digest: tags are for everybody who sees the workspace."""
        tags = {
            **self.said,
            "attempt": self.attempt,
            "run": self.run,
            "line": self.line,
            "notebook": run.notebook,
            "parameterSet": run.parameter_set,
            "parameters": _digest(run.parameters),
        }
        return {f"{OUR_TAGS}{name}": value[:_LONGEST_TAG] for name, value in tags.items() if value}

    def job_name(self, run: NotebookRun, again: int = 0) -> str:
        """The same for the same run, so that it is never there twice. again: how often it has to be repeated."""
        identity = _digest({"run": self.run, "id": run.run_id, "parameters": run.parameters, "again": again})
        return f"{_name_of(run.run_id)}-{identity}"


def is_job_of(run_id: str, job: str) -> bool:
    """Whether that is the name of a job for the run, of whatever step."""
    return job.rpartition("-")[0] == _name_of(run_id)


def _name_of(run_id: str) -> str:
    return _NOT_IN_NAMES.sub("-", run_id).strip("-_")


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:20]
