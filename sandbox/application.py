"""The application behind the server: every request is recorded, may meet a fault, and goes to who is asked."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sandbox.devops.application import DevOps
from sandbox.faults import Fault
from sandbox.gallery import Gallery, is_gallery
from sandbox.journal import Exchange
from sandbox.wire import Answer, api_version
from sandbox.work import Work
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.azure.application import Azure

_SIGNATURE = re.compile(rb"(?<=[?&]sig=)[^&\"\s]+")  # what makes a storage address a secret


class Application:
    """An ASGI application over a world: Azure DevOps, and all of Azure where the server is asked as a proxy."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._devops = DevOps(world)
        self._gallery = Gallery(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, clock = time.time(), time.monotonic()
        try:
            request, proxied = _addressed(scope, receive)
        except ValueError:  # a whole address that is none
            await Response(status_code=400)(scope, receive, send)
            return
        served = self._azure if proxied else self._gallery if is_gallery(request) else self._devops
        work = served.work(request)
        try:
            body = b"" if work.streams else await request.body()
            url = request.url
            fault = self.world.faults.of(request.method, url.path, url.hostname or "", url.query)
            answer = await self._answer(request, work, fault)
        except ClientDisconnect:  # not all was asked for yet, and nobody is there to be answered
            return
        reset = fault is not None and fault.reset
        self.world.journal.add(
            Exchange(
                provider=work.provider,
                method=request.method,
                url=_SIGNATURE.sub(b"...", str(request.url).encode()).decode(),
                request_body=_without(answer.private, _parsed(body, request.headers.get("content-type", ""))),
                status=0 if reset else answer.status,
                response_body=None if reset else _without(answer.private, _parsed(answer.body, answer.media_type)),
                api_version=api_version(request.query_params, request.headers),
                time=began,
                duration=time.monotonic() - clock,
                size=len(body) + len(answer.body),
                request_headers={name: text for name, text in request.headers.items() if name != "authorization"},
                response_headers={} if reset else dict(answer.headers),
                published=work.published,
                fault=str(fault) if fault is not None else "",
            )
        )
        if reset:
            await _reset(scope["state"]["transport"])
        elif answer.stream is not None:
            await StreamingResponse(answer.stream, answer.status, answer.headers)(scope, receive, send)
        else:
            await Response(answer.body, answer.status, answer.headers, answer.media_type)(scope, receive, send)

    @cached_property
    def _azure(self) -> Azure:
        from sandbox.azure.application import Azure  # with its cryptography; few worlds are asked for it

        return Azure(self.world)

    async def _answer(self, request: Request, work: Work, fault: Fault | None) -> Answer:
        """The provider's answer, or what the fault makes of it."""
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.replaces and fault.when == "before":
                async for _ in request.stream():  # a client that is still sending would not see the answer
                    pass
                return work.faulty(fault)
        answer = await work.serve(request)
        if fault is None:
            return answer
        if fault.replaces:
            if answer.stream is not None:
                async for _ in answer.stream:
                    pass
            return work.faulty(fault)
        return replace(answer, headers={**answer.headers, **fault.headers})


def _addressed(scope: Scope, receive: Receive) -> tuple[Request, bool]:
    """The request as the client means it, and whether it means a host of Azure: asked in a tunnel, or as a proxy is."""
    host = scope["state"].get("host")
    if host is not None:
        return _to_host(scope, receive, host), True
    if not scope["path"].startswith("/"):  # a whole address
        asked = urlsplit(scope["raw_path"].decode("ascii", "replace"))
        scope = {**scope, "path": unquote(asked.path) or "/", "raw_path": (asked.path or "/").encode()}
        if asked.hostname != scope["server"][0] or asked.port != scope["server"][1]:
            return _to_host(scope, receive, asked.hostname or ""), True
    return Request(scope, receive), False


def _to_host(scope: Scope, receive: Receive, host: str) -> Request:
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return Request({**scope, "headers": [*headers, (b"host", host.lower().encode())]}, receive)


async def _reset(transport: asyncio.Transport) -> None:
    """Close the connection with a TCP RST and nothing sent."""
    linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # on, for zero seconds
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await asyncio.sleep(0)  # lets the server see that the connection is gone before it looks for an answer


def _without(names: Sequence[str], content: Any) -> Any:
    """A JSON value with the values of these members taken out."""
    if isinstance(content, list):
        return [_without(names, each) for each in content]
    if isinstance(content, dict):
        return {name: "..." if name in names else _without(names, value) for name, value in content.items()}
    return content


def _parsed(body: bytes, media_type: str) -> Any:
    """A JSON body; None where there is none, or where it is something else."""
    if not body or "json" not in media_type.lower():
        return None
    try:
        return json.loads(_SIGNATURE.sub(b"...", body))
    except ValueError:
        return None
