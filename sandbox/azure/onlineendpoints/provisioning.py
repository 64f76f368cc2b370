"""How fast endpoints and deployments are made, how many there may be, and what goes wrong on the way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.azure.computes.state import SIZES
from sandbox.azure.onlineendpoints.failures import provisioning
from sandbox.azure.resources import Resource

_RESERVE = 1.2  # of instances, which Azure ML keeps for upgrades


@dataclass
class Faults:
    """Of what is made next. delay: seconds that it takes beside its real work. failures: code and message of what each
    of the next ones fails by. hang: how many of the next ones are never done: they stay `Creating` or `Updating`."""

    delay: float = 0.0
    failures: deque[tuple[str, str]] = field(default_factory=deque)
    hang: int = 0

    def meet(self, work: Callable[[], None]) -> Callable[[], None] | None:
        """The work as it goes now: None where it is never done."""
        if self.hang:
            self.hang -= 1
            return None
        if not self.failures:
            return work
        failure = provisioning(*self.failures.popleft())

        def fail() -> None:
            raise failure

        return fail


@dataclass
class Provisioning:
    """May be changed at any time. quota: cores that the managed deployments of one size may have together."""

    endpoints: Faults = field(default_factory=Faults)
    deployments: Faults = field(default_factory=Faults)
    quota: int = 200


def cores(size: str, instances: int) -> int:
    """That count against the quota."""
    return SIZES[size.lower()].cores * math.ceil(_RESERVE * instances)


def cores_of(deployment: Resource) -> int:
    return cores(deployment.properties["instanceType"], deployment.more["sku"]["capacity"])
