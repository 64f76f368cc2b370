"""Enumerations of the build, test and release areas as numbers, and the members of answers that have them."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.wire import Call, bad_request

Enumeration = Mapping[str, int]

BUILD_STATUS = {
    "none": 0,
    "inProgress": 1,
    "completed": 2,
    "cancelling": 4,
    "postponed": 8,
    "abandoned": 16,
    "notStarted": 32,
    "all": 63,
}
BUILD_RESULT = {"none": 0, "succeeded": 2, "partiallySucceeded": 4, "failed": 8, "canceled": 32}
BUILD_REASON = {
    "none": 0,
    "manual": 1,
    "individualCI": 2,
    "batchedCI": 4,
    "schedule": 8,
    "scheduleForced": 16,
    "userCreated": 32,
    "validateShelveset": 64,
    "checkInShelveset": 128,
    "pullRequest": 256,
    "buildCompletion": 512,
    "resourceTrigger": 1024,
    "triggered": 1967,
    "all": 2031,
}
BUILD_ORDER = {
    "finishTimeAscending": 2,
    "finishTimeDescending": 3,
    "queueTimeDescending": 4,
    "queueTimeAscending": 5,
    "startTimeDescending": 6,
    "startTimeAscending": 7,
}
DEFINITION_ORDER = {
    "none": 0,
    "lastModifiedAscending": 1,
    "lastModifiedDescending": 2,
    "definitionNameAscending": 3,
    "definitionNameDescending": 4,
}
_PRIORITY = {"low": 5, "belowNormal": 4, "normal": 3, "aboveNormal": 2, "high": 1}
_DEFINITION_TYPE = {"xaml": 1, "build": 2}
_QUEUE_STATUS = {"enabled": 0, "paused": 1, "disabled": 2}
_RECORD_STATE = {"pending": 0, "inProgress": 1, "completed": 2}
_TASK_RESULT = {"succeeded": 0, "succeededWithIssues": 1, "failed": 2, "canceled": 3, "skipped": 4, "abandoned": 5}
_ISSUE = {"error": 1, "warning": 2}
_PROJECT_STATE = {
    "deleting": 2,
    "new": 0,
    "wellFormed": 1,
    "createPending": 3,
    "all": -1,
    "unchanged": -2,
    "deleted": 4,
}
_VISIBILITY = {"private": 0, "public": 2}
_SUBSTATE = {
    "none": 0,
    "creatingEnvironment": 1,
    "runningTests": 2,
    "canceledByUser": 3,
    "abortedBySystem": 4,
    "timedOut": 5,
    "pendingAnalysis": 6,
    "analyzed": 7,
    "cancellationInProgress": 8,
}
GROUP_TYPE = {"none": 0, "rerun": 1, "dataDriven": 2, "orderedTest": 3, "generic": 4}
TEST_OUTCOME = {
    "unspecified": 0,
    "none": 1,
    "passed": 2,
    "failed": 3,
    "inconclusive": 4,
    "timeout": 5,
    "aborted": 6,
    "blocked": 7,
    "notExecuted": 8,
    "warning": 9,
    "error": 10,
    "notApplicable": 11,
    "paused": 12,
    "inProgress": 13,
    "notImpacted": 14,
}
RESULT_DETAILS = {"none": 0, "iterations": 1, "workItems": 2, "subResults": 4, "point": 8}
_ATTACHMENT_TYPE = {"generalAttachment": 0, "codeCoverage": 3, "consoleLog": 11}  # those that are answered
RELEASE_ORDER = {"descending": 0, "ascending": 1}
RELEASE_EXPANDS = {
    "none": 0,
    "environments": 2,
    "artifacts": 4,
    "approvals": 8,
    "manualInterventions": 16,
    "variables": 32,
    "tags": 64,
}
_ENVIRONMENT = {
    "notStarted": 1,
    "inProgress": 2,
    "succeeded": 4,
    "canceled": 8,
    "rejected": 16,
    "partiallySucceeded": 128,
}
_DEPLOYMENT = {"inProgress": 2, "succeeded": 4, "partiallySucceeded": 8, "failed": 16}
_OPERATION = {
    "phaseInProgress": 128,
    "phaseSucceeded": 256,
    "phasePartiallySucceeded": 512,
    "phaseFailed": 1024,
    "phaseCanceled": 4096,
    "cancelling": 32768,
}
_PHASE = {"inProgress": 2, "partiallySucceeded": 4, "succeeded": 8, "failed": 16, "canceled": 32, "cancelling": 128}

_PROJECT = {"state": _PROJECT_STATE, "visibility": _VISIBILITY}
_DEFINITION = {"type": _DEFINITION_TYPE, "queueStatus": _QUEUE_STATUS, "project": _PROJECT}
_BUILD = {
    "status": BUILD_STATUS,
    "result": BUILD_RESULT,
    "reason": BUILD_REASON,
    "priority": _PRIORITY,
    "definition": _DEFINITION,
    "project": _PROJECT,
}
_SUB_RESULT: dict[str, object] = {"resultGroupType": GROUP_TYPE}
_SUB_RESULT["subResults"] = _SUB_RESULT

# (area, resource) → member → its enumeration, or the members of what it has; nothing for members that have none.
MEMBERS: Mapping[tuple[str, str], Mapping[str, object]] = {
    ("location", "resourceareas"): {},
    ("location", "connectiondata"): {},
    ("build", "builds"): _BUILD,
    ("build", "definitions"): _DEFINITION,
    ("build", "timeline"): {"records": {"state": _RECORD_STATE, "result": _TASK_RESULT, "issues": {"type": _ISSUE}}},
    ("build", "attachments"): {},
    ("build", "artifacts"): {},
    ("build", "logs"): {},
    ("build", "tags"): {},
    ("build", "changes"): {},
    ("release", "releases"): {
        "status": {"active": 2},
        "reason": {"manual": 1},
        "environments": {
            "status": _ENVIRONMENT,
            "deploySteps": {
                "status": _DEPLOYMENT,
                "operationStatus": _OPERATION,
                "reason": {"manual": 1, "redeployTrigger": 8},
                "releaseDeployPhases": {"status": _PHASE, "phaseType": {"agentBasedDeployment": 1}},
            },
        },
    },
    ("release", "attachments"): {},
    ("test", "runs"): {"substate": _SUBSTATE},
    ("test", "results"): _SUB_RESULT,
    ("test", "attachments"): {"attachmentType": _ATTACHMENT_TYPE},
}


def chosen(call: Call, name: str, enumeration: Enumeration) -> list[str]:
    """The words that a query parameter names, by name or as a number; several of flags. Empty where it is absent."""
    found = []
    for part in call.names(name):
        words = [word for word in enumeration if word.lower() == part.lower()]
        words = words or (_of_number(int(part), enumeration) if part.isdecimal() else [])
        if not words:
            raise bad_request(f"{name} {part!r} is none of {', '.join(enumeration)}, nor their number.")
        found += words
    return found


def _of_number(number: int, enumeration: Enumeration) -> list[str]:
    """The word of a number, or the words of the bits that it is made of."""
    for word, value in enumeration.items():
        if value == number:
            return [word]
    bits = {word: value for word, value in enumeration.items() if value and value & (value - 1) == 0}
    found = [word for word, value in bits.items() if number & value]
    return found if sum(bits[word] for word in found) == number else []
