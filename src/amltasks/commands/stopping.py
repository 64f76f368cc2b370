"""Work that blocks, in a process that must end within seconds of a signal: the work is left where it is."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from amltasks.errors import AmlTasksError

GRACE = 1.0  # seconds in which work that was asked to stop may still end by itself
# Seconds in which it may end what it has started, a scoring server for one; less where a launcher ends what is left.
UNWINDING, UNWINDING_WITH_LAUNCHER = 20.0, 2.0
_LOOK = 0.1

_Result = TypeVar("_Result")


class StoppedError(Exception):
    """The command was cancelled: what is under way goes no further."""


def stoppable(work: Callable[[], _Result], stop: threading.Event, *, watch_parent: bool = False) -> _Result:
    """Does the work in a thread of its own, until it is done or a signal has come. What it raises is raised.

    stop: set by SIGINT and SIGTERM, and, with watch_parent, when the process that started this one is gone.
    Raises StoppedError where the work did not end, or ended because it was stopped. The process is to end then.
    """
    results: list[_Result] = []
    errors: list[BaseException] = []

    def do() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    parent = os.getppid()
    thread = threading.Thread(target=do, name="work", daemon=True)
    with set_by_signals(stop):
        thread.start()
        while thread.is_alive() and not stop.is_set():
            thread.join(_LOOK)
            if watch_parent and os.getppid() != parent:
                stop.set()
        thread.join(GRACE if stop.is_set() else None)
        if thread.is_alive():
            _interrupt(thread)
            thread.join(UNWINDING_WITH_LAUNCHER if watch_parent else UNWINDING)
    if results:
        return results[0]
    if stop.is_set() or not errors:
        raise StoppedError from (errors[0] if errors else None)
    raise errors[0]


def _interrupt(thread: threading.Thread) -> None:
    """Has it go through its `finally` clauses, as Ctrl-C does for a main thread; not where it waits for a network."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(StoppedError))


def within(seconds: float, work: Callable[[], _Result]) -> _Result | None:
    """What the work gives; None where it has not by then, or cannot. For last questions of a command that ends."""
    results: list[_Result] = []

    def do() -> None:
        with suppress(AmlTasksError):
            results.append(work())

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join(seconds)
    return results[0] if results else None


@contextmanager
def set_by_signals(stop: threading.Event) -> Iterator[None]:
    """Within it, SIGINT and SIGTERM set `stop` instead of ending the process. In the main thread."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if os.name == "nt":
        numbers.append(signal.SIGBREAK)  # type: ignore[attr-defined,unused-ignore]
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
