"""One browser for all tests here, and pages made from notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.notebooks.running import SHARED


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    program = chromium.find()
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(chromium.NAMES)} is on PATH")
    started = chromium.Chromium(program, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def open_page(browser: chromium.Chromium) -> Iterator[Callable[..., chromium.Page]]:
    pages: list[chromium.Page] = []

    def new(width: int = 1280, height: int = 800, *, dark: bool = False) -> chromium.Page:
        pages.append(browser.page(width, height, dark=dark))
        return pages[-1]

    yield new
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def notebooks() -> Path:
    """The folder of real and hostile notebooks."""
    if not SHARED.is_dir():
        pytest.skip(f"the notebooks to test with are not here: {SHARED}")
    return SHARED
