"""What one notebook may take, and how such limits are read."""

from __future__ import annotations

import re

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.quoting import quoted
from amltasks.sizes import parse_size, size_like

DEFAULT_OUTPUT = 100_000_000
FEWEST_OPEN_FILES = 100  # a kernel itself has some forty
SMALLEST_MEMORY = 100_000_000  # a kernel itself needs that much, with a few libraries
MOST = 10**9


class Limits(Data):
    """Bounds of one notebook; None for no bound.

    memory: bytes of the kernel and all that it starts, together, and of each of its processes.
    processes: that the kernel starts and that live at the same time, itself included; threads are not counted.
    open_files: of each process. output: bytes that are kept of a cell's output; what comes after is left out.
    """

    memory: int | None = None
    processes: int | None = None
    open_files: int | None = None
    output: int | None = DEFAULT_OUTPUT


def parse_memory_limit(text: str, name: str) -> int | None:
    """Bytes of memory for a notebook, None for no bound. Raises UserError, also for less than any kernel needs."""
    size = parse_size(text, name)
    if size is not None and size < SMALLEST_MEMORY:
        raise UserError(f"{name}: {quoted(text)} is less than any kernel needs: at least {size_like(SMALLEST_MEMORY)}.")
    return size


def parse_open_files_limit(text: str, name: str) -> int | None:
    """A number of files, None for no bound. Raises UserError, also for less than any kernel needs."""
    return parse_count(text, name, FEWEST_OPEN_FILES)


def parse_count(text: str, name: str, least: int = 1) -> int | None:
    """A whole number from `least`, or None for no bound (`none`). Raises UserError for anything else."""
    wanted = text.strip().lower()
    if wanted in ("none", "unlimited"):
        return None
    if not re.fullmatch(r"\d{1,10}", wanted, re.ASCII) or not least <= int(wanted) <= MOST:
        raise UserError(f"{name}: {quoted(text)} is not a whole number from {least} on; write one, or none.")
    return int(wanted)
