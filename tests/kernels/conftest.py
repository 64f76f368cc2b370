"""What the tests of forked kernels share: two zygotes, for as long as the tests run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amltasks.kernels.zygote import Zygote
from tests.kernels.conversing import LIBRARIES, environment, notebook_python


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    if sys.platform == "linux" and Path(notebook_python()).exists():
        return
    reason = f"no interpreter for notebooks: {notebook_python()}"
    if sys.platform != "linux":
        reason = "kernels are forked on Linux only"
    for item in items:
        if here in item.path.parents and item.path.name != "test_preload.py":
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """A zygote that has imported what every kernel needs."""
    with Zygote.begin(notebook_python(), environment()) as begun:
        yield begun


@pytest.fixture(scope="session")
def with_libraries() -> Iterator[Zygote]:
    """A zygote that has imported the data science libraries."""
    with Zygote.begin(notebook_python(), environment(), LIBRARIES) as begun:
        yield begun
