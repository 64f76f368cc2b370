"""Waiting until an endpoint answers: by asking it, never by sleeping for a time that was guessed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone

from amltasks.endpoints.smoke.answers import Answer, status_words
from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.probing import Prober
from amltasks.report.checks import Check, CheckOutcome

READY = "Ready"
READY_TIMEOUT = 300.0
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.25, 10.0, 1.5
NO_ROUTE_YET = 30.0  # seconds in which a front door may not know a new endpoint: 404
PROBE_SECONDS = 30.0  # of one request
REFUSED = (401, 403, 404, 405)  # whatever is sent


def wait_ready(
    prober: Prober, case: Case, tell: Callable[[str], None], *, timeout: float = READY_TIMEOUT, deployment: str = ""
) -> Check:
    """Sends the case until it is answered. Passed: there is an answer, be it that this request is wrong.

    Not yet, so that it is asked again until `timeout` seconds are over: no connection, 429, 502, 503, 504, for a
    while 404. Wrong, at once: a key that is not accepted, no such address, a certificate. tell: hears of changes.
    """
    started_at, started = datetime.now(timezone.utc), time.monotonic()
    probe = case.model_copy(update={"timeout": min(case.timeout, PROBE_SECONDS), "repeat": 1})
    pause, asked, last = FIRST_PAUSE, 0, ""
    while True:
        answer = prober.send(probe, deployment)
        asked += 1
        waited = time.monotonic() - started
        state = _state(answer)
        if not _again(answer, waited) or waited >= timeout:
            break
        if state != last:
            tell(prober.redact(f"Not ready after {waited:.0f} s: {state}"))
            last = state
        if prober.stop.wait(min(pause, max(0.0, timeout - waited))):
            break
        pause = min(LONGEST_PAUSE, pause * GROWTH)
    outcome, message = _verdict(answer, state, waited, asked, stopped=prober.stop.is_set())
    return Check(
        name=READY,
        group=prober.group,
        outcome=outcome,
        message=prober.redact(message),
        started_at=started_at,
        duration=time.monotonic() - started,
    )


def _again(answer: Answer, waited: float) -> bool:
    return answer.again or (answer.status == 404 and waited < NO_ROUTE_YET)


def _verdict(answer: Answer, state: str, waited: float, asked: int, *, stopped: bool) -> tuple[CheckOutcome, str]:
    after = f"after {waited:.1f} s and {asked} request{'s' if asked > 1 else ''}"
    if not answer.fault and not answer.again and answer.status not in REFUSED:
        return CheckOutcome.PASSED, f"There is an answer {after}."
    if stopped:
        return CheckOutcome.NOT_RUN, f"The command was cancelled {after}: {state}"
    if answer.again:
        return CheckOutcome.FAILED, f"Not ready {after}: {state}"
    return CheckOutcome.FAILED, f"Waiting does not help, {after}: {state}"


def _state(answer: Answer) -> str:
    return answer.fault or f"{status_words(answer)}."
