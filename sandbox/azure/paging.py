"""Lists, a page at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from sandbox.azure.wire import Call, reply
from sandbox.wire import Answer

PAGE = 100
PARAMETERS = ("$top", "$skip")  # what a route that answers pages should know


def page(call: Call, items: list[Any], size: int = PAGE) -> Answer:
    """`$top` of the items, the rest at `nextLink`; `$skip` is where the page begins."""
    size, begin = call.number("$top", size), call.number("$skip", 0)
    body: dict[str, Any] = {"value": items[begin : begin + size]}
    if begin + size < len(items):
        query = {**call.query, "$skip": str(begin + size)}
        body["nextLink"] = f"https://{call.host}{quote(call.path)}?{urlencode(query, safe='$')}"
    return reply(body)
