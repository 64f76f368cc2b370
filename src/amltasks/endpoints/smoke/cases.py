"""Cases: a request and what its answer should be like. Plain data.

Durations are seconds. A body is sent as it is.
"""

from __future__ import annotations

from typing import Any

from amltasks.data import Data
from amltasks.endpoints.smoke.places import Place

TIMEOUT = 60.0


class ExpectedValue(Data):
    """A value at a place. Numbers may differ by `absolute`, or by the part `relative` of the expected one."""

    place: Place
    value: Any
    absolute: float = 0.0
    relative: float = 0.0


class Expectation(Data):
    """What an answer should be like.

    status: `200`, `2xx`. json: whether the body must be JSON. json_schema: that it must keep to; None for any.
    lengths: items of lists, members of objects, characters of text. patterns: regular expressions, found in the text
    at a place. text: one that is found in the body as a whole. latencies: percentile → seconds that so many per cent
    of the answers must not exceed.
    """

    status: tuple[str, ...] = ("2xx",)
    json_body: bool = True
    json_schema: dict[str, Any] | bool | None = None
    values: tuple[ExpectedValue, ...] = ()
    lengths: tuple[tuple[Place, int], ...] = ()
    patterns: tuple[tuple[Place, str], ...] = ()
    text: str = ""
    latencies: dict[int, float] = {}


class Case(Data):
    """name: the check's, the same in every build. path: relative to the scoring address, which it is when empty.

    repeat: how often it is sent; concurrency: how many of these at once.
    """

    name: str
    method: str = "POST"
    path: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    content_type: str = "application/json"
    repeat: int = 1
    concurrency: int = 1
    timeout: float = TIMEOUT
    expect: Expectation = Expectation()
