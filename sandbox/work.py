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
    """serve: carries a request out, given its body; runs in a thread and always answers.

    stream: does so in its stead where bodies may be large, and reads the request itself. faulty: what a fault is
    answered with instead, in the provider's form. published: whether Microsoft's documents have the operation.
    """

    provider: Provider
    serve: Callable[[bytes], Answer]
    faulty: Callable[[Fault], Answer]
    stream: Callable[[Request], Awaitable[Answer]] | None = None
    published: bool = True
