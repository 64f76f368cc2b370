"""What a token that is limited to scopes may do: by the area of an operation, and whether it changes something."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.routing import Route
from sandbox.wire import ServiceError

# Area → the scope that reads it, and the one that changes it and reads it as well.
_SCOPES = {
    "build": ("vso.build", "vso.build_execute"),
    "test": ("vso.test", "vso.test_write"),
    "release": ("vso.release", "vso.release_execute"),
    "git": ("vso.code", "vso.code_write"),
    "core": ("vso.project", "vso.project_write"),
}
_FREE = ("location",)


def check(scopes: Sequence[str], route: Route, identity: str) -> None:
    """Refuse an operation that a token with these scopes may not ask for."""
    area = route.location.area.lower()
    if area in _FREE:
        return
    reading, changing = _SCOPES.get(area, ("", ""))
    wanted = (reading, changing) if route.method == "GET" else (changing,)
    if not set(wanted).intersection(scopes):
        raise ServiceError(
            401,
            "UnauthorizedRequestException",
            f"TF400813: The user '{identity}' is not authorized to access this resource. (The token has the scopes "
            f"{', '.join(scopes) or 'of nothing'}; {route.method} of {area} needs {wanted[0] or 'more than scopes'}.)",
        )
