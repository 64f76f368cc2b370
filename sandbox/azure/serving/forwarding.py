"""Requests handed on to scoring servers, without keeping a thread of the sandbox's while a model thinks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from sandbox.azure.serving.state import BusyError, Serving

if TYPE_CHECKING:
    from sandbox.azure.serving.container import Container

__all__ = ["BusyError", "Forwarding", "NoAnswerError", "NoServerError", "Question", "Reply", "TooLateError"]

# Of one connection, or known only to whom the client has spoken to.
_NOT_HANDED_ON = {"host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"}


class NoAnswerError(Exception):
    """There is no server, or it has died over the request."""


class NoServerError(NoAnswerError):
    """There is none: nobody has seen the request."""


class TooLateError(Exception):
    """The server has not answered in time; it may be at it still."""


@dataclass(frozen=True)
class Question:
    """path: with its query. headers: those of the connection, and Authorization, are not handed on."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Forwarding:
    """For one event loop."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        # A server closes every connection after its answer.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(trust_env=False, verify=False, timeout=None, limits=limits)

    async def ask(self, key: str, question: Question, seconds: float, most: int | None = None) -> Reply:
        """What the server of a key answers. most: requests that may be in it.

        NoAnswerError, TooLateError after so many seconds, BusyError.
        """
        container = self._serving.enter(key, most)
        if container is None:
            raise NoServerError("There is no server that is ready.")
        try:
            return await asyncio.wait_for(self._send(container, question), seconds)
        except asyncio.TimeoutError:
            raise TooLateError from None
        except httpx.TransportError as error:
            raise NoAnswerError(f"{type(error).__name__} {error}".strip()) from None
        finally:
            container.leave()

    async def _send(self, container: Container, question: Question) -> Reply:
        headers = {
            name: text
            for name, text in question.headers.items()
            if name.lower() not in _NOT_HANDED_ON and name.lower() != "authorization"
        }
        address = container.address
        if not address:
            raise NoAnswerError("The server has died and is started again.")
        answer = await self._client.request(
            question.method, f"{address}{question.path}", headers=headers, content=question.body
        )
        told = {name: text for name, text in answer.headers.items() if name not in _NOT_HANDED_ON}
        return Reply(answer.status_code, told, answer.content)
