"""Lengths of time as people write them: `20 min`, `90s`, `1h 30m`, `300`, `none`."""

from __future__ import annotations

import re

from amltasks.errors import UserError
from amltasks.quoting import quoted

LONGEST = 366 * 24 * 3600.0
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNITS = {
    "ms": ("ms", "millisecond", "milliseconds"),
    "s": ("", "s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
}
_UNIT = {word: _SECONDS[unit] for unit, words in _UNITS.items() for word in words}
_PART = re.compile(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*([a-z]*)\s*,?", re.ASCII)
_UNBOUNDED = {"none", "never", "unlimited"}


def parse_duration(text: str, name: str) -> float | None:
    """Seconds, or None for no bound (`none`, or nothing but zeros). A number without unit is seconds.

    name: what the text was given for, to be named in the error. Raises UserError for anything else.
    """
    wanted = text.strip().lower()
    if wanted in _UNBOUNDED:
        return None
    position, seconds, parts = 0, 0.0, 0
    while position < len(wanted):
        part = _PART.match(wanted, position)
        # A number without unit stands alone: in `1h 30` nobody knows what 30 is.
        if part is None or part[2] not in _UNIT or (not part[2] and (parts or part.end() < len(wanted))):
            raise _not_a_duration(text, name)
        seconds += float(part[1]) * _UNIT[part[2]]
        position, parts = part.end(), parts + 1
    if not parts:
        raise _not_a_duration(text, name)
    if seconds > LONGEST:
        raise UserError(f"{name}: {quoted(text)} is more than a year; write none for no bound.")
    return seconds or None


def _not_a_duration(text: str, name: str) -> UserError:
    return UserError(
        f"{name}: {quoted(text)} is not a length of time; write for example 20 min, 90s, 1h 30m, 300 (seconds) or none."
    )
