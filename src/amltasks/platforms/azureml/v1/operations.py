"""Operations of model management: seen through to their end, and what they told meanwhile.

`Webservice.wait_for_deployment` is not used: it looks every five seconds, prints, and leaves the error to be parsed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from amltasks.agent.neutral import one_line
from amltasks.data import Data

_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between two looks, the last one for good
_ENDED = ("Succeeded", "Failed", "Cancelled", "TimedOut")
_ADVICE = (", please run print(service.get_logs()) to get details", " with exception")

Look = Callable[[int], Mapping[str, Any]]


class Ended(Data):
    """How an operation has ended, or stands at the end of patience.

    said: by the service, codes included. reason: its innermost sentence. step: in which it was.
    log_address: of the image's build, empty where none was told.
    """

    state: str
    said: str = ""
    reason: str = ""
    step: str = ""
    log_address: str = ""
    events: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.state == "Succeeded"


def see_through(look: Look, tell: Callable[[str], None], patience: float) -> Ended:
    """look: the operation as it is, with what it has told after so many characters. patience: seconds."""
    end, seen, events = time.monotonic() + patience, 0, list[str]()
    for pause in _pauses():
        found = look(seen)
        told = str(found.get("streamingOperationLog") or "")
        seen += len(told)
        for line in filter(None, (part.partition("|")[2].strip() for part in told.split("#"))):
            events.append(line)
            tell(line)
        if found["state"] in _ENDED or time.monotonic() > end:
            break
        time.sleep(pause)
    said, reason = told_by(found.get("error"))
    return Ended(
        state=found["state"],
        said=said,
        reason=reason,
        step=str((found.get("operationDetails") or {}).get("subOperationType") or ""),
        log_address=str(found.get("operationLog") or ""),
        events=tuple(events),
    )


def told_by(error: object) -> tuple[str, str]:
    """(all that a service's error says, the innermost sentence of it), each on one line; empty where there is none."""
    told = [(str(each.get("code") or ""), str(each.get("message") or "")) for each in _errors(error)]
    reason = next((message for _, message in reversed(told) if message), "")
    for advice in _ADVICE:
        reason = reason.replace(advice, "")
    return one_line(" ".join(f"{code}: {message}" for code, message in told), 2000), one_line(reason, 600)


def _errors(error: object) -> Iterable[Mapping[str, Any]]:
    """It and those inside of it, the outer ones first."""
    if isinstance(error, Mapping):
        inner = error.get("error")
        if isinstance(inner, Mapping):
            error = inner
        yield error
        for each in error.get("details") or ():
            yield from _errors(each)


def _pauses() -> Iterable[float]:
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]
