"""Routes as Azure has them: below a host, found without regard to case, allowed by a role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.azure.wire import AzureError, Call
from sandbox.wire import Answer

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
WORKSPACE = GROUP + "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"


@dataclass(frozen=True)
class Route:
    """An operation: `{name}` in its path is one segment, `{*name}` the rest.

    action: what the caller's role must allow on the resource that the path names, as Azure's role definitions write it;
    none is asked for where it is empty. versions: the api-versions that it knows; none is asked for where it has none.
    query: the parameters that it knows beside api-version. public: whether it asks for no token. error: the form of its
    errors, where it is not its host's. private: members of what is asked and answered that the journal does not get.
    """

    method: str
    path: str
    handler: Callable[[Call], Answer]
    action: str = ""
    versions: Sequence[str] = ()
    query: Sequence[str] = ()
    public: bool = False
    error: type[AzureError] | None = None
    private: Sequence[str] = ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return _pattern(self.path)

    @cached_property
    def weight(self) -> int:
        """The more literal segments, the sooner a route is tried."""
        return sum(1 for segment in self.path.split("/") if "{" not in segment)


class Host:
    """All that is answered under one host name, or under all of a form: `{region}.api.azureml.ms`.

    audiences: who a token must be for; no token is asked for where there are none. error: the form of its errors.
    """

    def __init__(
        self,
        name: str,
        routes: Iterable[Route],
        *,
        audiences: Sequence[str] = (),
        error: type[AzureError] = AzureError,
    ) -> None:
        self.name = name
        self.audiences = audiences
        self.error = error
        self._routes = sorted(routes, key=lambda route: -route.weight)
        self._pattern = _pattern(name, one=r"[^/.]+")

    def matches(self, host: str) -> dict[str, str] | None:
        """What the host's name says, None where it is another's."""
        found = self._pattern.fullmatch(host)
        return found.groupdict() if found else None

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        for route in self._routes:
            if route.method == method:
                found = route.pattern.fullmatch(path)
                if found:
                    return route, found.groupdict()
        return None


def _pattern(template: str, one: str = "[^/]+") -> re.Pattern[str]:
    """`{name}` stands for `one`, `{*name}` for anything."""
    parts = re.split(r"(\{\*?\w+\})", template)
    for index, part in enumerate(parts):
        if part.startswith("{*"):
            parts[index] = f"(?P<{part[2:-1]}>.+)"
        elif part.startswith("{"):
            parts[index] = f"(?P<{part[1:-1]}>{one})"
        else:
            parts[index] = re.escape(part)
    return re.compile("".join(parts) + "/?", re.IGNORECASE)
