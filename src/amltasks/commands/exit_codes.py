"""What the process of a command ends with."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    PASSED = 0
    NOTEBOOKS_FAILED = 1
    CHECKS_FAILED = 1  # the same, for commands whose results are checks
    BAD_INPUT = 2
    NOT_RUN = 3  # could not run or publish
    CANCELLED = 130
