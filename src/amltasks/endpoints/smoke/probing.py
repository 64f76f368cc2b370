"""Cases sent to an endpoint, each a check, its response kept for whoever decides by it."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from amltasks.endpoints.smoke.answers import FAULTS, Answer, excerpt, judged, percentile, slow
from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.exchange import exchange, new_trace, session_for
from amltasks.platforms.endpoints import Access
from amltasks.redaction import Redactor
from amltasks.report.checks import Check, CheckFile, CheckOutcome

if TYPE_CHECKING:
    import requests

SMOKE_TEST = "Smoke test"
KEPT_BYTES = 2**20  # of a response
SHOWN_CHARACTERS = 4_000  # of a response, in the check's details
_SHOWN_HEADERS = re.compile(r"content-type|server-timing|azureml-.*|x-ms-.*|x-request-id|traceparent", re.ASCII)


class Prober:
    """Asks one endpoint. Thread-safe; to be closed.

    access: asked once, and again where a key or token is not accepted any more. folder: of kept responses; made when
    it is needed. redact: for what is kept and told; the endpoint's own keys are taken out in any case.
    stop: set when the command is cancelled: nothing more is sent.
    """

    def __init__(
        self,
        access: Callable[[], Access],
        folder: Path,
        redact: Callable[[str], str] = str,
        *,
        group: str = SMOKE_TEST,
        stop: threading.Event | None = None,
    ) -> None:
        self._access_now = access
        self._folder = folder
        self._redact_more = redact
        self.group = group
        self.stop = stop or threading.Event()
        self._lock = threading.Lock()
        self._opened: tuple[Access, requests.Session] | None = None
        self._redactor = Redactor({})

    def close(self) -> None:
        if self._opened is not None:
            self._opened[1].close()

    def run(self, case: Case, deployment: str = "") -> Check:
        """The case with all its repetitions as one check. Raises UserError where it cannot be sent at all.

        deployment: the one that is to answer; empty for whom the endpoint chooses.
        """
        started_at = datetime.now(timezone.utc)
        trace = new_trace()
        asked = self._ask(case, deployment, trace)
        if len(asked.seconds) < case.repeat and not asked.faults:
            return not_sent(case, self.group, f"The command was cancelled after {len(asked.seconds)} of its requests.")
        told = [*asked.faults, *slow(case.expect, asked.seconds)]
        shown = self.shown(asked.shown)
        message = _failure(told, asked.bad, len(asked.seconds)) if told else _success(shown, asked.seconds)
        return Check(
            name=case.name,
            group=self.group,
            outcome=CheckOutcome.FAILED if told else CheckOutcome.PASSED,
            message=self.redact(message),
            details=self.redact(_details(case, shown, asked.seconds, told, deployment, trace)),
            started_at=started_at,
            duration=(datetime.now(timezone.utc) - started_at).total_seconds(),
            files=tuple(self._kept(case, shown, deployment)),
        )

    def run_all(self, cases: Iterable[Case], deployment: str = "") -> tuple[Check, ...]:
        return tuple(self.run(case, deployment) for case in cases)

    def send(self, case: Case, deployment: str = "", trace: str = "") -> Answer:
        """One request; where its key is not accepted, once more with the key as it is now."""
        access, session = self._open()
        answer = exchange(session, access, case, deployment, trace or new_trace())
        if answer.status != 401:
            return answer
        with self._lock:
            if self._opened == (access, session):
                self._opened = self._made(self._access_now(), session)
        renewed, session = self._open()
        return answer if renewed == access else exchange(session, renewed, case, deployment, trace or new_trace())

    def judged(self, case: Case, answer: Answer) -> tuple[str, ...]:
        """What is wrong with an answer, in words without secrets."""
        faults = judged(case.expect, answer)
        if not faults or self.shown(answer) == answer:
            return faults
        return judged(case.expect, self.shown(answer)) or ("The response is not as expected, and holds secrets.",)

    def shown(self, answer: Answer) -> Answer:
        """As people may see it. Redacted before anything is cut: half a secret would not be found."""
        if answer.text is None:  # whatever its bytes mean, a secret in it is found by them
            body = self.redact(answer.body.decode("latin-1")).encode("latin-1", "replace")
        else:
            body = self.redact(answer.text).encode("utf-8", "replace")
        headers = {name: self.redact(value) for name, value in answer.headers.items()}
        return answer.model_copy(update={"body": body, "headers": headers, "fault": self.redact(answer.fault)})

    def redact(self, text: str) -> str:
        return self._redact_more(self._redactor.text(text))

    def _ask(self, case: Case, deployment: str, trace: str) -> _Asked:
        asked = _Asked()

        def send(_: int) -> None:
            if not self.stop.is_set():
                answer = self.send(case, deployment, trace)
                asked.add(answer, self.judged(case, answer))

        if case.concurrency == 1 or case.repeat == 1:
            for number in range(case.repeat):
                send(number)
        else:
            with ThreadPoolExecutor(case.concurrency, "request") as threads:
                list(threads.map(send, range(case.repeat)))
        return asked

    def _open(self) -> tuple[Access, requests.Session]:
        with self._lock:
            if self._opened is None:
                access = self._access_now()
                self._opened = self._made(access, session_for(access))
            return self._opened

    def _made(self, access: Access, session: requests.Session) -> tuple[Access, requests.Session]:
        words = [word for value in access.headers.values() for word in (value, value.rpartition(" ")[2])]
        self._redactor = Redactor({f"key {number}": word for number, word in enumerate(words)})
        return access, session

    def _kept(self, case: Case, answer: Answer, deployment: str) -> Iterable[CheckFile]:
        if not answer.body:
            return
        folder = self._folder / _safe(deployment) if deployment else self._folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_safe(case.name)}{_ending(answer)}"
        path.write_bytes(answer.body[:KEPT_BYTES])
        note = f"The first {KEPT_BYTES:,} of {len(answer.body):,} bytes." if len(answer.body) > KEPT_BYTES else ""
        yield CheckFile(path=path, name=path.name, note=note)


class _Asked:
    """What came of a case's requests. Thread-safe; of all answers it keeps one, the first bad one or a good one.

    faults: of that answer. bad: how many had any.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.shown = Answer()
        self.faults: tuple[str, ...] = ()
        self.bad = 0
        self._lock = threading.Lock()

    def add(self, answer: Answer, faults: tuple[str, ...]) -> None:
        with self._lock:
            if not self.seconds or (faults and not self.faults):
                self.shown, self.faults = answer, faults
            self.seconds.append(answer.seconds)
            self.bad += bool(faults)


def not_sent(case: Case, group: str, why: str) -> Check:
    """The check of a case that was not come to. why: one sentence."""
    return Check(name=case.name, group=group, outcome=CheckOutcome.NOT_RUN, message=why)


def _failure(told: Sequence[str], bad: int, number: int) -> str:
    more = f" (and {len(told) - 1} more in its details)" if len(told) > 1 else ""
    counted = f"{bad} of {number} answers: " if bad and number > 1 else ""
    return f"{counted}{told[0]}{more}"


def _success(answer: Answer, seconds: Sequence[float]) -> str:
    if len(seconds) == 1:
        return f"Status {answer.status} in {answer.seconds:.2f} s: {excerpt(answer)}"
    p50, p95 = (1000 * percentile(seconds, number) for number in (50, 95))
    return f"{len(seconds)} answers, p50 {p50:.0f} ms, p95 {p95:.0f} ms: {excerpt(answer)}"


def _details(
    case: Case, answer: Answer, seconds: Sequence[float], told: Sequence[str], deployment: str, trace: str
) -> str:
    """What was asked and what came, in lines. answer: the one that is told in full."""
    lines = [f"{case.method} {case.path or 'to the scoring address'}, {len(case.body):,} bytes"]
    lines += [f"deployment: {deployment}"] if deployment else []
    lines += [f"traceparent: {answer.trace}", f"Client Request Id in Application Insights: {trace}"]
    if len(seconds) > 1:
        times = [f"p{number} {1000 * percentile(seconds, number):.0f} ms" for number in (50, 90, 95, 99)]
        lines.append(f"{len(seconds)} answers: {', '.join(times)}, slowest {1000 * max(seconds):.0f} ms")
    lines += ["", *told[:FAULTS]] if told else []
    lines += [f"… {len(told) - FAULTS} more"] if len(told) > FAULTS else []
    if answer.status:
        lines += ["", f"Status {answer.status} in {answer.seconds:.3f} s"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items() if _SHOWN_HEADERS.fullmatch(name)]
    if answer.body:
        whole = excerpt(answer) if answer.text is None else answer.text
        rest = f"\n… {len(whole) - SHOWN_CHARACTERS:,} more characters" if len(whole) > SHOWN_CHARACTERS else ""
        lines += ["", whole[:SHOWN_CHARACTERS] + rest]
    return "\n".join(lines)


def _safe(name: str) -> str:
    """As the name of a file; what was changed or cut gets a checksum, so that different names stay different."""
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:80].lstrip(".")
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _ending(answer: Answer) -> str:
    if answer.text is None:
        return ".bin"
    return ".json" if "json" in answer.headers.get("content-type", "") or answer.body[:1] in (b"{", b"[") else ".txt"
