"""By what a job is found again: the build, the attempt, the notebook and its parameters (0.8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from amltasks.platforms.azureml.step import LINE, RUN, Step
from amltasks.platforms.base import NotebookRun

VARIABLES = {
    "System.CollectionUri": "https://dev.azure.com/org/", "System.TeamProject": "project",
    "System.DefinitionId": "7", "Build.DefinitionName": "nightly", "Build.BuildId": "42",
    "Build.BuildNumber": "20261121.1", "Build.SourceVersion": "c0ffee", "Build.Repository.Name": "repo",
    "Build.SourceBranch": "refs/heads/main", "System.StageName": "test", "System.PhaseName": "job",
    "System.JobName": "__default", "System.TaskInstanceName": "run", "System.StageAttempt": "1",
    "System.PhaseAttempt": "1", "System.JobAttempt": "1",
}  # fmt: skip
RUN_OF = NotebookRun(
    run_id="train--weak",
    source=Path("/r/train.ipynb"),
    notebook="train.ipynb",
    parameter_set="weak",
    parameters={"alpha": 0.1},
    working_directory=Path("/r"),
    folder=Path("/out/train--weak"),
)


def step(**changed: str) -> Step:
    return Step.from_variables({**VARIABLES, **{name.replace("_", "."): value for name, value in changed.items()}})


def test_tags_tell_build_commit_branch_stage_attempt_and_notebook() -> None:
    tags = step().tags(RUN_OF)

    expected = {
        "build": "42", "buildNumber": "20261121.1", "commit": "c0ffee", "repository": "repo",
        "branch": "refs/heads/main", "stage": "test", "attempt": "1.1.1", "notebook": "train.ipynb",
        "parameterSet": "weak",
    }  # fmt: skip
    assert {name: tags[f"amltasks.{name}"] for name in expected} == expected
    assert "0.1" not in str(tags)  # a parameter is told by a digest


def test_a_step_that_is_tried_again_within_an_attempt_has_the_same_jobs() -> None:
    assert step().job_name(RUN_OF) == step().job_name(RUN_OF)
    assert step().job_name(RUN_OF, again=1) != step().job_name(RUN_OF)


@pytest.mark.parametrize("changed", [{"Build_BuildId": "43"}, {"System_JobAttempt": "2"}, {"System_StageAttempt": "2"}])
def test_another_build_or_attempt_has_jobs_of_its_own_in_the_same_line(changed: dict[str, str]) -> None:
    assert step(**changed).job_name(RUN_OF) != step().job_name(RUN_OF)
    assert step(**changed).run != step().run
    assert step(**changed).line == step().line


@pytest.mark.parametrize(
    "changed",
    [
        {"Build_SourceBranch": "refs/heads/other"},
        {"System_PullRequest_PullRequestId": "5"},
        {"System_DefinitionId": "8"},
        {"System_TaskInstanceName": "second"},
    ],
)
def test_another_branch_pull_request_pipeline_or_step_is_another_line(changed: dict[str, str]) -> None:
    assert step(**changed).line != step().line


def test_other_parameters_are_another_job() -> None:
    other = RUN_OF.model_copy(update={"parameters": {"alpha": 0.2}})

    assert step().job_name(other) != step().job_name(RUN_OF)


def test_a_name_is_one_that_azure_ml_takes() -> None:
    odd = RUN_OF.model_copy(update={"run_id": "notebooks.tränk=1.5--ü"})

    assert step().job_name(odd).replace("-", "").replace("_", "").isascii()
    assert step().job_name(odd)[0].isalnum()


def test_outside_of_a_pipeline_every_run_is_one_of_its_own() -> None:
    one, two = Step.from_variables({}), Step.from_variables({})

    assert one.run != two.run
    assert LINE not in one.tags(RUN_OF)
    assert one.tags(RUN_OF)[RUN] == one.run
