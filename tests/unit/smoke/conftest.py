"""Servers that answer as a test says, and who asks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amltasks.endpoints.smoke.probing import Prober
from amltasks.platforms.endpoints import Access
from tests.unit.smoke.answering import KEY, Answering, Asked, Reply


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[int, Asked], Reply]], Answering]]:
    """Starts servers."""
    servers: list[Answering] = []

    def start(reply: Callable[[int, Asked], Reply]) -> Answering:
        servers.append(Answering(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Callable[..., Prober]]:
    """Makes probers of a server, or of an address, with its key."""
    probers: list[Prober] = []

    def make(server: Answering | str, **given: str) -> Prober:
        address = server if isinstance(server, str) else server.address
        headers = {"Authorization": f"Bearer {KEY}"}
        access = Access.model_validate({"address": address, "headers": headers, **given})
        probers.append(Prober(lambda: access, tmp_path / "responses"))
        return probers[-1]

    yield make
    for prober in probers:
        prober.close()
