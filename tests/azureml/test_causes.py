"""Why a deployment has not started, from what the service says and what its container has written."""

from __future__ import annotations

import pytest

from amltasks.platforms.azureml.causes import cause_of, reason_of
from amltasks.platforms.endpoints import Cause

CRASHED = "CrashLoopBackOff: Your container application crashed."
TRACEBACK = 'Traceback (most recent call last):\n  File "score.py", line 3, in init\n'
TIMED_OUT = "DeploymentTimedOut: The deployment operation polling has TimedOut."


@pytest.mark.parametrize(
    ("said", "log", "cause", "words"),
    [
        (CRASHED, f"{TRACEBACK}ValueError: no weights", Cause.INIT, "ValueError: no weights"),
        (CRASHED, f"{TRACEBACK}azure.x.CredentialError: no", Cause.INIT, "CredentialError: no"),
        (
            CRASHED,
            f"{TRACEBACK}FileNotFoundError: 'm/model.pkl'",
            Cause.MISSING_MODEL,
            "FileNotFoundError: 'm/model.pkl'",
        ),
        (
            CRASHED,
            "OSError: [Errno 98] Address already in use",
            Cause.PORT,
            "OSError: [Errno 98] Address already in use",
        ),
        (CRASHED, "", Cause.INIT, CRASHED),
        ("ModelDownloadFailed: A file could not be had.", "", Cause.MISSING_MODEL, "ModelDownloadFailed"),
        ("EnvironmentBuildFailed: Failed building the Environment.", "", Cause.IMAGE_BUILD, "EnvironmentBuildFailed"),
        ("ContainerGroupQuotaReached: quota 'StandardCores' exceeded", "", Cause.QUOTA, "ContainerGroupQuotaReached"),
        ("Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.", "", Cause.QUOTA, "Unschedulable"),
        ("ImagePullBackOff: Back-off pulling image", "", Cause.IMAGE_PULL, "ImagePullBackOff"),
        (TIMED_OUT, "", Cause.TIMEOUT, "DeploymentTimedOut"),
        (TIMED_OUT, "Listening at: http://127.0.0.1:1", Cause.PROBE, "DeploymentTimedOut"),
        ("Readiness probe failed: HTTP probe failed with 502", "", Cause.PROBE, "Readiness probe failed"),
        ("InternalServerError: later", "", Cause.OTHER, "InternalServerError"),
    ],
)
def test_the_cause_is_told_with_its_own_words(said: str, log: str, cause: Cause, words: str) -> None:
    found = cause_of(said, log)

    assert found is cause
    assert f": {words}" in reason_of(found, said, log)


def test_a_reason_is_one_sentence() -> None:
    assert reason_of(Cause.OTHER, "") == "It could not be started."
    assert reason_of(Cause.OTHER, "a\nb.") == "It could not be started: a b."
