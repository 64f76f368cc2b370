"""When the next request may be sent, and how long it is worth trying."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LAST_CHANCE = 1.0  # seconds that are kept for a request when a wait would use up all that is left
LEAST_SHARE, EASED = 1 / 64, 1 / 100  # of the requests at once: the least, and what each good answer gives back


class Clock:
    """Time as it passes; a test puts its own in this place."""

    def now(self) -> float:
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait until the condition is notified or so much time has passed. Called with the condition held."""
        condition.wait(seconds)


class Throttle:
    """What the service asked of everyone who uses this connection: no request before `until`.

    share: of the requests that might be under way at once. shrunk: when it became less.
    """

    def __init__(self) -> None:
        self.until = self.shrunk = float("-inf")
        self.share = 1.0
        self.changed = threading.Condition()


class Pace:
    """Shared by the threads of one client. `Clock.now()` seconds throughout.

    A request that the service delayed is still answered with 200, with `Retry-After`: what comes next has to wait
    that long. Waiting ends early when the deadline is brought forward meanwhile.
    """

    def __init__(self, *, deadline: float = float("inf"), clock: Clock | None = None, throttle: Throttle | None = None):
        self._deadline = deadline
        self._clock = clock or Clock()
        self._throttle = throttle or Throttle()

    def until(self, deadline: float) -> Pace:
        """The same clock and the same throttle with a deadline of its own."""
        return Pace(deadline=deadline, clock=self._clock, throttle=self._throttle)

    def now(self) -> float:
        return self._clock.now()

    def left(self) -> float:
        """Seconds that are left; zero or less when the time is over, infinite without a deadline."""
        return self._deadline - self._clock.now()

    def end_by(self, deadline: float) -> None:
        """Bring the deadline forward, also for those who wait."""
        with self._throttle.changed:
            self._deadline = min(self._deadline, deadline)
            self._throttle.changed.notify_all()

    def hold(self, seconds: float, sent: float | None = None) -> None:
        """The service asks everyone to wait, answering a request sent at `sent`; from now on half as many go out."""
        throttle, now = self._throttle, self._clock.now()
        with throttle.changed:
            throttle.until = max(throttle.until, now + seconds)
            # Answers to requests that were under way together are one complaint, not many.
            if sent is None or sent > throttle.shrunk:
                throttle.share, throttle.shrunk = max(LEAST_SHARE, throttle.share / 2), now

    def ease(self) -> None:
        """The service answered without a complaint."""
        with self._throttle.changed:
            self._throttle.share = min(1.0, self._throttle.share + EASED)

    def at_once(self, most: int) -> int:
        """How many of `most` requests the service lets be under way at once; at least one."""
        return max(1, int(most * self._throttle.share))

    def wait_for_turn(self) -> None:
        """Return when a request may be sent."""
        self._wait_until(lambda: self._throttle.until)

    def back_off(self, failures: int) -> bool:
        """Wait before the next attempt; False, at once, when there is no time for another one.

        Exponential with full jitter, so that many clients do not come back at once.
        """
        if self.left() <= LAST_CHANCE:
            return False
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10))
        end = self._clock.now() + random.random() * longest
        self._wait_until(lambda: end)
        return True

    def _wait_until(self, end: Callable[[], float]) -> None:
        with self._throttle.changed:
            while (seconds := min(end(), self._deadline - LAST_CHANCE) - self._clock.now()) > 0:
                self._clock.wait(self._throttle.changed, seconds)


def retry_after_seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds: a number or an HTTP date. None where it is absent or makes no sense."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
