"""Tests an endpoint: waits until it answers, sends the cases, and makes a check of each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from amltasks.commands.stopping import StoppedError, stoppable
from amltasks.commands.test_endpoint_request import TestEndpointRequest
from amltasks.endpoints.smoke.probing import SMOKE_TEST, Prober, not_sent
from amltasks.endpoints.smoke.readiness import wait_ready
from amltasks.errors import UserError
from amltasks.platforms.endpoints import Access, Endpoints
from amltasks.quoting import listed, quoted
from amltasks.report.checks import Check, CheckReport

RESPONSES = "responses"


class TestingEndpoint:
    """One test.

    access: how to ask the endpoint. folder: for `responses`. tell: hears of what happens. redact: for all that is
    told or kept.
    """

    __test__ = False

    def __init__(
        self,
        request: TestEndpointRequest,
        access: Callable[[], Access],
        folder: Path,
        tell: Callable[[str], None],
        redact: Callable[[str], str],
    ) -> None:
        self._request = request
        self._access = access
        self._responses = folder / RESPONSES
        self._tell = tell
        self._redact = redact
        self._checks: list[Check] = []

    def run(self, *, watch_parent: bool = False) -> CheckReport:
        """Raises UserError where there is no such endpoint, ServiceError where its key cannot be had."""
        stop, started_at = threading.Event(), datetime.now(timezone.utc)
        try:
            stoppable(lambda: self._work(stop), stop, watch_parent=watch_parent)
        except StoppedError:
            stop.set()
        done = tuple(self._checks)
        sent = {check.name for check in done[1:]}  # the first is readiness
        why = "The command was cancelled before it was sent." if stop.is_set() else "The endpoint is not ready."
        rest = [not_sent(case, SMOKE_TEST, why) for case in self._request.cases if case.name not in sent]
        return CheckReport(
            title=f"Smoke test of {self._request.subject}",
            checks=(*done, *rest),
            started_at=started_at,
            finished_at=datetime.now(timezone.utc),
            cancelled=stop.is_set(),
            facts={"Endpoint": self._request.subject},
        )

    def _work(self, stop: threading.Event) -> None:
        request = self._request
        with closing(Prober(self._access, self._responses, self._redact, stop=stop)) as prober:
            first = request.cases[0]
            ready = wait_ready(prober, first, self._tell, timeout=request.ready_timeout, deployment=request.deployment)
            self._checks.append(ready)
            for case in request.cases if ready.ok else ():
                if stop.is_set():
                    return
                self._checks.append(prober.run(case, request.deployment))


def access_of(
    request: TestEndpointRequest, places: Endpoints | None, keep_secret: Callable[[str], None]
) -> Callable[[], Access]:
    """How the endpoint is asked, as it is when that is asked for. places: for an endpoint that is named.

    keep_secret: hears of keys before they are used. Raises UserError where there is no such endpoint or deployment.
    """
    if places is None:
        headers = {"Authorization": f"Bearer {request.key}"} if request.key else {}
        keep_secret(request.key)
        return lambda: Access(address=request.address, headers=headers)
    found = places.find(request.endpoint)
    if found is None:
        raise UserError(f"endpoint: there is no endpoint {quoted(request.endpoint)}.")
    names = [deployment.name for deployment in found.deployments]
    if request.deployment and request.deployment not in names:
        there = f"there are {listed(names)}" if names else "there is none"
        raise UserError(f"deployment: {quoted(request.deployment)} is none of {quoted(request.endpoint)}: {there}.")

    def ask() -> Access:
        access = places.access(request.endpoint)
        for value in access.headers.values():
            keep_secret(value.rpartition(" ")[2])
        return access

    return ask
