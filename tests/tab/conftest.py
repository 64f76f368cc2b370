"""The Notebooks tab as people see it: the packed extension in a sandbox's page, in one browser for all tests here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, ViewportSize

from sandbox.server import Server
from sandbox.world import World
from tests.tab.builds import Site

SIZE = ViewportSize(width=1280, height=900)

Opened = Callable[..., Frame]
Forward = Callable[[float], None]


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


@pytest.fixture(scope="session")
def one_page(driven_browser: Browser) -> Page:
    """A new page costs more than what most tests do with it. It goes with the browser."""
    return _page(driven_browser)


@pytest.fixture
def page(request: pytest.FixtureRequest, driven_browser: Browser, one_page: Page) -> Iterator[Page]:
    """A page of the browser; a test that sets its clock forward has its own, as that cannot be undone.

    A test fails by any error that escapes the tab's own code.
    """
    page = _page(driven_browser) if "forward" in request.fixturenames else one_page
    page.set_viewport_size(SIZE)
    errors: list[str] = []

    def note(error: object) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield page
    page.remove_listener("pageerror", note)
    if page is one_page:
        page.goto("about:blank")  # what a test has left open does not go on asking
    else:
        page.context.close()
    assert errors == []


@pytest.fixture
def forward(page: Page) -> Forward:
    """Sets the page's clock forward, by seconds."""
    page.clock.install()
    return lambda seconds: page.clock.fast_forward(round(seconds * 1000))


def _page(browser: Browser) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
    return page


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
