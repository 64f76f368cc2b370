"""What all tests have in common: the built package, made-up examples, and who needs an interpreter for notebooks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.locking import one_at_a_time
from tests.notebooks.running import notebook_python

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TESTS = Path(__file__).resolve().parent
BUILD = TESTS.parent / "scripts" / "build.py"

# What runs notebooks, and is skipped where there is no interpreter for their kernels.
WITH_KERNELS = ("azureml", "azureml_v1", "fidelity", "notebooks", "task")

# A change must not fail by what another one happened upon, nor by how busy the machine is; `--long` searches anew.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("searching", settings.get_profile("steady"), derandomize=False)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if Path(notebook_python()).exists():
        return
    skip = pytest.mark.skip(reason=f"no interpreter for notebooks: {notebook_python()}")
    for item in items:
        if any(TESTS / folder in item.path.parents for folder in WITH_KERNELS):
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Playwright leaves its loop marked as the one that runs in this thread; other tests run loops of their own."""
    if "driven_browser" in getattr(item, "fixturenames", ()):
        return (yield)
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(loop)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a test session."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def package(shared: Path) -> Path:
    """The packed extension, built once."""
    with one_at_a_time(shared / "build.lock"):
        done = subprocess.run([sys.executable, str(BUILD)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def driven_browser() -> Iterator[Browser]:
    """A browser that Playwright drives; one for all, as it runs only once in a process."""
    from playwright.sync_api import sync_playwright

    from tests.browser import chromium

    program = chromium.find()
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(chromium.NAMES)} is on PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        loop = asyncio.get_running_loop()
        yield started
        asyncio._set_running_loop(loop)  # its own again: the last test may have been another one
        started.close()
