"""Whether what was deployed answers as it should: smoke tests before it has requests, samples while it gets more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from amltasks.endpoints.rolling import Seen
from amltasks.endpoints.rules import Rules, joined
from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.probing import Prober
from amltasks.endpoints.smoke.readiness import wait_ready
from amltasks.endpoints.smoke.sampling import Sample, Sampler
from amltasks.platforms.endpoints import Endpoint, Tell
from amltasks.report.checks import Check, CheckOutcome

PAUSE = 5.0  # seconds between samples of a step that takes longer than one


class Observing:
    """See `rolling.Observer`. bake: seconds that a step takes at least. addressable: whether one deployment can be
    asked by itself. Ends early when the prober's `stop` is set."""

    def __init__(
        self,
        prober: Prober,
        cases: Sequence[Case],
        rules: Rules,
        tell: Tell,
        *,
        bake: float,
        ready_timeout: float,
        addressable: Callable[[str], bool],
    ) -> None:
        self._prober = prober
        self._cases = cases
        self._sampler = Sampler(prober, cases, concurrency=rules.concurrency)
        self._rules = rules
        self._tell = tell
        self._bake = bake
        self._ready_timeout = ready_timeout
        self._addressable = addressable
        self._tested = False

    def ready(self, endpoint: Endpoint, deployment: str) -> Seen:
        if not self._cases:
            return Seen(good=True, verdict="Ready as the place says: without tests nothing is asked.")
        if not self._address(endpoint, deployment) and deployment not in endpoint.traffic:
            return Seen(good=True, verdict="Ready as the place says: it cannot be asked before it has requests.")
        return self._smoke_test(endpoint, deployment)

    def watch(self, endpoint: Endpoint, deployment: str, share: int) -> Seen:
        if not self._cases:
            bake = self._bake_of(endpoint, deployment, share)
            self._prober.stop.wait(bake)
            return Seen(good=True, verdict=f"Held {bake:.0f} s: without tests nothing is asked.")
        if not share and not self._address(endpoint, deployment):
            return Seen(good=True, verdict="It cannot be asked before it has requests.")
        checks: tuple[Check, ...] = ()
        if not self._tested:
            seen = self._smoke_test(endpoint, deployment)
            if not seen.good:
                return seen
            checks = seen.checks
        return self._sampled(endpoint, deployment, share).model_copy(update={"checks": checks})

    def _smoke_test(self, endpoint: Endpoint, deployment: str) -> Seen:
        address = self._address(endpoint, deployment)
        readiness = wait_ready(
            self._prober, self._cases[0], self._tell, timeout=self._ready_timeout, deployment=address
        )
        if not readiness.ok:
            return Seen(good=False, verdict=readiness.message, checks=(readiness,))
        checks = (readiness, *self._prober.run_all(self._cases, address))
        failed = [check for check in checks if check.outcome is CheckOutcome.FAILED]
        self._tested = True
        if failed:
            return Seen(good=False, verdict=f"{failed[0].name}: {failed[0].message}", checks=checks)
        return Seen(good=True, verdict=f"{len(self._cases)} of {len(self._cases)} smoke tests passed.", checks=checks)

    def _bake_of(self, endpoint: Endpoint, deployment: str, share: int) -> float:
        """Without requests of anybody there is nothing to wait for."""
        watched = endpoint.deployment(deployment)
        return self._bake if share or (watched and watched.mirror) else 0.0

    def _sampled(self, endpoint: Endpoint, deployment: str, share: int) -> Seen:
        """Samples until the step has taken its time; the first broken rule ends it."""
        before = self._before(endpoint, deployment)
        until = time.monotonic() + self._bake_of(endpoint, deployment, share)
        samples: list[Sample] = []
        while True:
            broken = self._sample(endpoint, deployment, before, share, samples)
            whole = joined(samples)
            broken = broken or self._rules.broken(whole)
            left = until - time.monotonic()
            if broken or left <= 0 or self._prober.stop.wait(min(PAUSE, left)):
                break
        return Seen(
            good=not broken,
            verdict=broken or "All rules are kept.",
            requests=whole.requests,
            error_rate=whole.error_rate,
            p95=whole.percentile(95),
        )

    def _sample(self, endpoint: Endpoint, deployment: str, before: str, share: int, samples: list[Sample]) -> str:
        number, address = self._rules.requests, self._address(endpoint, deployment)
        if not (self._rules.compares and before and address):
            # With all requests it is asked as everybody asks: by the endpoint's own address.
            samples.append(self._sampler.sample(number, "" if share == 100 else address))
            return ""
        compared = self._sampler.compare(
            number, address, before, absolute=self._rules.absolute, relative=self._rules.relative
        )
        samples.append(compared.new)
        return self._rules.worse(compared)

    def _before(self, endpoint: Endpoint, deployment: str) -> str:
        """The deployment that serves most beside the new one, ready to be asked the same."""
        others = [each for each in endpoint.deployments if each.name != deployment and each.state == "ready"]
        return max(others, key=lambda each: each.traffic).name if others else ""

    def _address(self, endpoint: Endpoint, deployment: str) -> str:
        return deployment if endpoint.several and self._addressable(deployment) else ""
