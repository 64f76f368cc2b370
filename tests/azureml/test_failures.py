"""What Azure ML says of a job that failed, as one sentence and an outcome."""

from __future__ import annotations

import pytest

from amltasks.platforms.azureml.failures import last_lines, outcome_of
from amltasks.platforms.azureml.service import RunDetails
from amltasks.report.model import Outcome


def details(message: str, code: str = "UserError", inner: str = "") -> RunDetails:
    error = {"code": code, "message": message, "details": [{"message": inner}] if inner else None}
    return RunDetails.model_validate({"status": "Failed", "error": {"error": error, "correlation": {}}})


@pytest.mark.parametrize(
    ("message", "outcome", "meaning"),
    [
        ("Image build failed. For more details, check log.", Outcome.NOT_RUN, "the environment could not be built"),
        ("The specified subscription has a total vCPU quota of 0", Outcome.NOT_RUN, "the quota does not allow a node"),
        ("The node was preempted.", Outcome.KERNEL_DIED, "the node was taken away (preempted)"),
        ("Process was killed: exit code 137", Outcome.KERNEL_DIED, "the node ran out of memory"),
        ("Compute target cpu not found", Outcome.NOT_RUN, "its compute is gone"),
        ("AzureMLCompute cluster cpu does not exist", Outcome.NOT_RUN, "its compute is gone"),
        ("Job exceeded max run duration of 00:30:00", Outcome.TIMED_OUT, "it took longer than the job may"),
    ],
)
def test_known_failures(message: str, outcome: Outcome, meaning: str) -> None:
    found, sentence = outcome_of("Failed", details(message), started=False)

    assert found is outcome
    assert sentence == f"The job failed in Azure ML: {meaning}: {message.rstrip('.')}."


def test_a_job_at_the_limit_of_its_time_was_not_cancelled_by_anybody() -> None:
    late = {"status": "Canceled", "warnings": [{"message": "The job has reached the limit of its time."}]}

    found, sentence = outcome_of("Canceled", RunDetails.model_validate(late), started=True)

    assert found is Outcome.TIMED_OUT
    assert "it took longer than the job may" in sentence


def test_the_innermost_message_comes_first() -> None:
    _, sentence = outcome_of("Failed", details("Something went wrong.", inner="No space left."), started=True)

    assert sentence == "The job ended before the notebook did: No space left. Something went wrong."


def test_what_nobody_explains() -> None:
    assert outcome_of("Failed", RunDetails(), started=False) == (
        Outcome.NOT_RUN,
        "The job failed in Azure ML before the notebook was begun.",
    )
    assert outcome_of("Canceled", RunDetails(), started=True)[0] is Outcome.CANCELLED


def test_the_last_lines_of_a_log_are_harmless() -> None:
    assert last_lines("a\n\n##vso[task.complete]\n\x1b[31mred\x1b[0m\n") == ["a", "##_vso[task.complete]", "red"]
