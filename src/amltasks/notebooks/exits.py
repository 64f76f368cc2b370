"""How the end of a process is said."""

from __future__ import annotations

import signal


def describe_exit(code: int) -> str:
    """`exit code 3`, or `SIGKILL` for -9."""
    return f"exit code {code}" if code >= 0 else signal_name(-code)


def signal_name(number: int) -> str:
    """SIGKILL for 9; `signal 64` where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
