"""The Notebooks tab as people see it: the packed extension in a sandbox's page, in one browser for all tests here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page

from sandbox.server import Server
from sandbox.world import World
from tests.tab.builds import Site

Opened = Callable[..., Frame]


@pytest.fixture(scope="session")
def extension(request: pytest.FixtureRequest) -> Path:
    """The packed extension; AMLTASKS_TEST_EXTENSION names one that is there already."""
    named = os.environ.get("AMLTASKS_TEST_EXTENSION")
    return Path(named) if named else Path(request.getfixturevalue("package"))


@pytest.fixture(scope="session")
def site(extension: Path) -> Iterator[Site]:
    world = World.open()
    world.extensions.install(extension)
    with Server(world) as server:
        yield Site(world, server)
    world.close()


@pytest.fixture
def context_of_browser(driven_browser: Browser) -> Iterator[BrowserContext]:
    context = driven_browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context_of_browser: BrowserContext) -> Iterator[Page]:
    """A new page of the browser; a test fails by any error that escapes the tab's own code."""
    page = context_of_browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@pytest.fixture
def opened(page: Page) -> Opened:
    """Open an address; answers with the tab's frame once the host has heard that it is loaded, or has failed."""

    def open_tab(address: str, state: str = "loaded") -> Frame:
        page.goto(address)
        page.wait_for_selector(f"#loading[data-state={state}]", state="attached")
        frame = page.frame(name="extension")
        assert frame is not None
        return frame

    return open_tab
