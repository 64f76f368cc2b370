"""Calls that block, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, ParamSpec, TypeVar

_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")


async def in_thread(call: Callable[_Asked, _Answer], *given: _Asked.args, **named: _Asked.kwargs) -> _Answer:
    """What a call answers or raises, from a thread that nobody waits for once the command ends.

    An SDK that has lost the network tries again for minutes; asyncio's own threads would hold a cancelled command so
    long.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_Answer] = loop.create_future()

    def settle(how: Callable[[Any], None], what: object) -> None:
        if not answer.done():
            how(what)

    def carry_out() -> None:
        how: Callable[[Any], None]
        try:
            how, what = answer.set_result, call(*given, **named)
        except Exception as error:
            how, what = answer.set_exception, error  # type: ignore[assignment]
        with suppress(RuntimeError):  # the command has ended, and its loop is closed
            loop.call_soon_threadsafe(settle, how, what)

    Thread(target=carry_out, name="azure-ml", daemon=True).start()
    return await answer
