"""Routes as Azure DevOps has them: found without regard to case, each belonging to a location that clients look up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.wire import Answer, Call

LATEST_VERSION = 7.2  # in preview everywhere
RELEASED_VERSION = 7.1
ANY = ("*",)  # a page whose query belongs to an extension


@dataclass(frozen=True)
class Location:
    """What OPTIONS tells of a resource. version: of the resource, the N of `-preview.N`."""

    id: str
    area: str
    resource: str
    template: str
    version: int = 1
    released: bool = True

    @property
    def released_version(self) -> float:
        return RELEASED_VERSION if self.released else 0.0


@dataclass(frozen=True)
class Route:
    """An operation: `path` from the organization on, `{name}` for one segment, `{*name}` for the rest.

    query: the parameters it knows, others are refused unless it is ANY.
    published: whether Microsoft's documents have it.
    """

    method: str
    path: str
    handler: Callable[[Call], Answer]
    location: Location
    query: Sequence[str] = ()
    published: bool = True
    page: bool = False  # for people: needs no token

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = []
        for segment in self.path.split("/"):
            if segment.startswith("{*"):
                parts.append(f"(?P<{segment[2:-1]}>.+)")
            elif segment.startswith("{"):
                parts.append(f"(?P<{segment[1:-1]}>[^/]+)")
            else:
                parts.append(re.escape(segment))
        return re.compile("/".join(parts) + "/?", re.IGNORECASE)

    @cached_property
    def weight(self) -> int:
        """The more literal segments, the sooner a route is tried."""
        return sum(1 for segment in self.path.split("/") if not segment.startswith("{"))


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = sorted(routes, key=lambda route: -route.weight)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route of a decoded path from the organization on, with its route values."""
        for route in self.routes:
            if route.method == method:
                found = route.pattern.fullmatch(path)
                if found:
                    return route, found.groupdict()
        return None

    @property
    def locations(self) -> list[Location]:
        return list(dict.fromkeys(route.location for route in self.routes if not route.page))
