"""How a task's process begins and ends: the kernels' interpreter first, which imports while this process does."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from amltasks.commands.exit_codes import ExitCode

if TYPE_CHECKING:
    from amltasks.platforms.local.compute import LocalCompute


def enter(task: str) -> NoReturn:
    """Carries out the job on standard input, and ends the process at once: there is nothing to take apart.

    task: the module whose `carry_out(job, output)` does it. Raises ImportError, SyntaxError where there is none.
    """
    from amltasks.commands.task import run_task

    _end(run_task(importlib.import_module(task).carry_out))


def enter_with_notebooks(task: str) -> NoReturn:
    """The same for a task that runs notebooks: `carry_out(job, output, compute)` is given kernels that get ready."""
    collect_seldom()
    given = sys.stdin.buffer.read()
    with contextlib.ExitStack() as stack:
        compute = _warm_for(given)
        if compute is not None:
            stack.callback(compute.close)
        else:
            signal.signal(signal.SIGINT, _leave)
        carry_out = importlib.import_module(task).carry_out
        from amltasks.commands.task import run_task

        code = run_task(lambda job, output: carry_out(job, output, compute), io.BytesIO(given))
    _end(code)


def _leave(*_: object) -> NoReturn:
    """Nothing has begun that would have to be ended; as an exception it could be swallowed by an SDK on its way."""
    os._exit(ExitCode.CANCELLED)


def _end(code: int) -> NoReturn:
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def collect_seldom() -> None:
    """Fewer looks for garbage, here and in all that is forked from here: imports and notebooks leave little behind."""
    gc.set_threshold(50_000, 20, 20)


def warm(python: str, kernel: str) -> LocalCompute:
    """Notebooks on this machine, getting ready while the caller imports what it needs; to be closed.

    python, kernel: as the user says them. Call it before the first thread and event loop.
    """
    from amltasks.platforms.local.zygotes import Zygotes

    zygotes = Zygotes()
    is_name = Path(python).name == python
    if not kernel and (is_name or Path(python).is_absolute()):  # other paths start where only the request knows
        zygotes.begin(python)
    from amltasks.platforms.local.compute import LocalCompute

    return LocalCompute.warm(zygotes)


def _warm_for(given: bytes) -> LocalCompute | None:
    """For the job that was given; None where it runs elsewhere, or cannot be read, as will be said by who reads it."""
    try:
        inputs = json.loads(given)["inputs"]
        platform, python, kernel = (str(inputs.get(name, "")).strip() for name in ("platform", "python", "kernel"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return warm(python, kernel) if platform in ("", "agent") else None
