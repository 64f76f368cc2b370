"""What clients send to the build area."""

from __future__ import annotations

from typing import Literal

from sandbox.wire import Integer, Text, Wire


class BuildUpdate(Wire):
    """The members of a build that a client may change here."""

    id: Integer | None = None
    build_number: Text | None = None
    status: Literal["cancelling"] | None = None
