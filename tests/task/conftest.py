"""The built package, installed on agents with repositories of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.task.pipelines import Site, environment_with_uv, open_site


@pytest.fixture(scope="session", autouse=True)
def _uv_on_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """With uv the task's environment is made in seconds; the Python that is found stays what it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment_with_uv(tmp_path_factory.mktemp("bin")))
        yield


@pytest.fixture(scope="session")
def new_site(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Iterator[Callable[[], Site]]:
    """Makes sites that share nothing but the package and the task's environment."""
    sites: list[Site] = []

    def make() -> Site:
        sites.append(open_site(tmp_path_factory.mktemp("site"), package))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(new_site: Callable[[], Site]) -> Site:
    return new_site()
