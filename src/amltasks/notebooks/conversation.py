"""Talking with a kernel: a cell is sent, its outputs are heard as they come, its answer is waited for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from queue import Empty
from typing import Any

from jupyter_client.jsonutil import parse_date
from jupyter_client.session import Session, json_unpacker

from amltasks.notebooks.client import OutputClient
from amltasks.notebooks.kernel_process import KernelProcess

SILENCE = 10.0  # seconds without any message, after which output that is still owed is given up
_QUIET = 0.2  # the same after the kernel's process has ended
_LOOK_AGAIN = 0.1  # seconds until the shell channel is looked at again without a wake-up
_BATCH = 50  # messages handled before others get their turn


@dataclass
class Request:
    """A cell that was sent. reply: the content of its answer. idle: done when its output is complete."""

    position: int
    reply: asyncio.Future[dict[str, Any]]
    idle: asyncio.Future[None]


class Conversation:
    """All exchange with one kernel that answers. Made inside the event loop; `close` must be awaited.

    Output is given to the cell whose execution caused it, also when it comes late: from a thread, after its cell.
    """

    def __init__(self, process: KernelProcess, outputs: OutputClient, note: Callable[[str], None]) -> None:
        self._process = process
        self._outputs = outputs
        self._note = note
        self._requests: dict[str, Request] = {}
        self._heard = time.monotonic()
        self._listeners = [asyncio.ensure_future(self._hear_output()), asyncio.ensure_future(self._hear_replies())]

    def send(self, position: int, source: str) -> Request:
        """Gives a cell to the kernel. Raises UnicodeEncodeError for source that no kernel could be sent."""
        loop = asyncio.get_running_loop()
        request = Request(position, loop.create_future(), loop.create_future())
        source.encode("utf-8")
        message_id = self._process.client.execute(source, store_history=True, allow_stdin=False, stop_on_error=False)
        self._requests[message_id] = request
        return request

    async def drain(self, request: Request, until: asyncio.Future[Any] | None = None) -> None:
        """Waits for the rest of a cell's output, however long the flood, as long as something comes.

        until: gives up when this is done.
        """
        others: set[asyncio.Future[Any]] = {self._process.exited} | ({until} if until else set())
        while not request.idle.done():
            await first({request.idle, *others}, 1)
            if self._process.exited.done():
                return await self._drain_dead()
            if until and until.done():
                return None
            if time.monotonic() - self._heard > SILENCE:
                self._note("The kernel never said that a cell's output was complete; some of it may be missing.")
                return None
        return None

    async def interrupt(self, request: Request, grace: float) -> None:
        """Ends the running cell: asks it to, and kills the kernel if it has not answered after `grace` seconds."""
        await self._process.interrupt()
        await first({request.reply, self._process.exited}, grace)
        if request.reply.done():
            await first({request.idle, self._process.exited}, grace)
        else:
            self._process.kill()
            await asyncio.wait({self._process.exited}, timeout=1)
            await self._drain_dead()

    async def close(self) -> None:
        for listener in self._listeners:
            listener.cancel()
        await asyncio.gather(*self._listeners, return_exceptions=True)

    async def _drain_dead(self) -> None:
        """Takes what a kernel had sent before its process ended."""
        self._heard = time.monotonic()
        while (wait := self._heard + _QUIET - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    async def _hear_output(self) -> None:
        socket, session = self._process.client.iopub_channel.socket, self._process.client.session
        handled = 0
        while True:
            frames = await socket.recv_multipart()
            self._heard = time.monotonic()
            if (handled := handled + 1) % _BATCH == 0:
                await asyncio.sleep(0)  # a flood is received without ever waiting; time-outs must not starve
            try:
                message = _message(session, session.feed_identities(frames)[1])
                request = self._requests.get(message["parent_header"].get("msg_id"))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                self._note("A message of the kernel could not be read and was left out.")
                continue
            if request and self._outputs.receive(message, request.position) and not request.idle.done():
                request.idle.set_result(None)

    async def _hear_replies(self) -> None:
        channel = self._process.client.shell_channel
        while True:
            # Never without a time-out: Session.send bypasses zmq.asyncio, and with it goes the wake-up for an answer
            # that arrives meanwhile. Output widgets send while a cell runs; that is how papermill comes to hang.
            with contextlib.suppress(Empty, ValueError, TypeError, KeyError, AttributeError):
                message = await channel.get_msg(timeout=_LOOK_AGAIN)
                request = self._requests.get(message["parent_header"].get("msg_id"))
                if request and message["msg_type"] == "execute_reply" and not request.reply.done():
                    request.reply.set_result(message["content"])


def _message(session: Session, frames: list[bytes]) -> dict[str, Any]:
    """A message as `session.deserialize` reads it, with one date in it, its own.

    There every text is taken for a date and tried as one, which takes longer than all the rest. Raises ValueError for
    a message that is not the kernel's.
    """
    signature, *parts = frames[:5]
    if not compare_digest(signature, session.sign(parts)):
        raise ValueError("the signature is wrong")
    header, parent_header, metadata, content = map(json_unpacker, parts)
    header["date"] = parse_date(header.get("date"))
    return {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": parent_header,
        "metadata": metadata,
        "content": content,
        "buffers": [memoryview(buffer) for buffer in frames[5:]],
    }


async def first(futures: set[asyncio.Future[Any]], timeout: float | None) -> None:
    """Waits until one of them is done, or for `timeout` seconds; cancels none."""
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
