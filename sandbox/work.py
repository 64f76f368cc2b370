"""What a request came for, whoever is asked for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request

from sandbox.faults import Fault
from sandbox.journal import Provider
from sandbox.wire import Answer


@dataclass(frozen=True)
class Work:
    """serve: carries the request out and always answers. faulty: what a fault is answered with, in the provider's form.

    streams: bodies may be large, so that nobody but `serve` may read the request's, and the journal has none.
    published: whether Microsoft's documents have the operation.
    """

    provider: Provider
    serve: Callable[[Request], Awaitable[Answer]]
    faulty: Callable[[Fault], Answer]
    streams: bool = False
    published: bool = True
