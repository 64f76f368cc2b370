"""Where the tab says that results come from, as the agent's variables tell it."""

from __future__ import annotations

import pytest

from amltasks.agent.job import Job
from amltasks.commands.tab_context import tab_context


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        (
            {"System.StageName": "Prod", "System.PhaseName": "deploy", "System.JobName": "__default"},
            ("Prod", "deploy", 1),
        ),
        ({"System.StageName": "Test", "System.PhaseName": "run", "System.JobName": "py310"}, ("Test", "run py310", 1)),
        ({"System.StageAttempt": "1", "System.JobAttempt": "3"}, ("", "", 3)),
        ({"Release.EnvironmentName": "QA", "Release.AttemptNumber": "2"}, ("QA", "", 2)),
    ],
)
def test_stages_jobs_and_attempts_are_told_apart(variables: dict[str, str], where: tuple[str, str, int]) -> None:
    """Those of classic releases, too."""
    task = {"name": "TestEndpoint", "version": "1.0.0"}

    found = tab_context(Job.model_validate({"task": task, "inputs": {}, "variables": variables, "secrets": {}}))

    assert (found.stage, found.job, found.attempt) == where
    assert found.task == "TestEndpoint"
