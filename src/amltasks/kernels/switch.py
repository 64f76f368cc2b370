"""The off switch: with `AMLTASKS_START=direct` in the environment nothing is forked, neither kernels nor workers."""

from __future__ import annotations

import os

START = "AMLTASKS_START"


def forks_wanted() -> bool:
    return os.environ.get(START) != "direct"
