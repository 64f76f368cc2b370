"""Why a job of Azure ML gave no result, in one sentence: what, where to look, and the last lines of its log."""

from __future__ import annotations

import re
from collections.abc import Sequence

from amltasks.agent.neutral import neutralise, one_line
from amltasks.platforms.azureml.service import RunDetails, RunError
from amltasks.report.model import Outcome

LAST_LINES = 15
BUILD_LOG, JOB_LOG = "azureml-logs/20_image_build_log.txt", "user_logs/std_log.txt"

# The message of a failed command ends with the end of its log, which is shown as lines of its own.
_LOG_IN_MESSAGE = re.compile(r" Error: .*", re.DOTALL)
# In order: what the service says, in its codes or messages, and what it means.
_KNOWN: tuple[tuple[str, Outcome, str], ...] = (
    (
        r"image\s*build|failed to (?:build|create) .{0,20}image|environment.{0,40}(?:build|fail)|conda.{0,40}fail",
        Outcome.NOT_RUN,
        "the environment could not be built",
    ),
    (r"quota|core limit|insufficient.{0,20}capacity", Outcome.NOT_RUN, "the quota does not allow a node"),
    (r"preempt|evict", Outcome.KERNEL_DIED, "the node was taken away (preempted)"),
    (
        r"out[- ]of[- ]memory|\bOOM\b|exit(?:ed)?(?: with)?(?: status)?(?: code)?:? 137\b|killed.{0,30}memory",
        Outcome.KERNEL_DIED,
        "the node ran out of memory",
    ),
    (
        r"JobTimeout|TimedOut|exceeded.{0,40}(?:time|duration)|max run duration|reached the limit of its time",
        Outcome.TIMED_OUT,
        "it took longer than the job may",
    ),
    (
        r"compute.{0,60}(?:not (?:be )?found|does not exist)|deleted.{0,30}compute",
        Outcome.NOT_RUN,
        "its compute is gone",
    ),
    (r"image.{0,60}(?:pull|not found|denied)", Outcome.NOT_RUN, "its image could not be pulled"),
    (r"NotResponding|heartbeat", Outcome.KERNEL_DIED, "the node no longer answered"),
)


def outcome_of(status: str, details: RunDetails, *, started: bool, log_tail: Sequence[str] = ()) -> tuple[Outcome, str]:
    """(outcome, message) of an ended job that has left no result. started: whether its runner had begun.

    log_tail: the last lines of its log.
    """
    said = said_of(details)
    # Of a cancelled job the log says nothing of why; of one at its time limit the service does.
    text = said if status == "Canceled" else " ".join([status, said, *log_tail])
    for pattern, outcome, meaning in _KNOWN:
        if re.search(pattern, text, re.IGNORECASE) and (status != "Canceled" or outcome is Outcome.TIMED_OUT):
            return outcome, _sentence(f"The job failed in Azure ML: {meaning}", said)
    if status == "Canceled":
        return Outcome.CANCELLED, "The job was cancelled in Azure ML."
    if started:
        return Outcome.KERNEL_DIED, _sentence("The job ended before the notebook did", said)
    return Outcome.NOT_RUN, _sentence("The job failed in Azure ML before the notebook was begun", said)


def said_of(details: RunDetails) -> str:
    """What the service says of a failure, the innermost first, or its warnings."""
    texts = list(_messages(details.error.error)) if details.error and details.error.error else []
    texts += [warning.message for warning in details.warnings or () if warning.message]
    return one_line(" ".join(_LOG_IN_MESSAGE.sub("", text) for text in dict.fromkeys(texts)), 500)


def last_lines(text: str) -> list[str]:
    """The end of a log, for people."""
    return [line for line in neutralise(text).splitlines() if line.strip()][-LAST_LINES:]


def _messages(error: RunError) -> list[str]:
    own = [error.message] if error.message else []
    return [message for inner in error.details or () for message in _messages(inner)] + own


def _sentence(meaning: str, said: str) -> str:
    return f"{meaning}: {said.rstrip('. ')}." if said else f"{meaning}."
