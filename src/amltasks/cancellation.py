"""What ends a command from outside: SIGINT, SIGTERM, and the death of the process that started it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from amltasks.platforms.base import Stop

PARENT_CHECK_SECONDS = 0.5


@contextmanager
def cancel_on_signals(stop: Stop, *, watch_parent: bool = False) -> Iterator[None]:
    """Within it, a signal sets `stop` instead of ending the process; a second one changes nothing.

    watch_parent: also stop when the parent is gone. The agent kills the launcher alone in the end, and what it
    started would run on for nobody.
    """
    loop = asyncio.get_running_loop()
    signals = [signal.SIGINT, signal.SIGTERM]
    if os.name == "nt":
        # Event loops on Windows take no signal handlers; the plain ones run between two bytecodes of the main thread.
        signals.append(signal.SIGBREAK)  # type: ignore[attr-defined,unused-ignore]
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set, "cancelled")) for number in signals
    }
    watcher = asyncio.ensure_future(_stop_with_parent(stop)) if watch_parent else None
    # asyncio wakes for a signal only when it has a wake-up descriptor; a timer makes it look, at no cost to speak of.
    ticker = asyncio.ensure_future(_tick())
    try:
        yield
    finally:
        ticker.cancel()
        if watcher is not None:
            watcher.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


async def _tick() -> None:
    while True:
        await asyncio.sleep(0.1)


async def _stop_with_parent(stop: Stop) -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_CHECK_SECONDS)
    stop.set("cancelled")
