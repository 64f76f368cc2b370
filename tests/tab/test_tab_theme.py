"""The tab looks as the page around it: light, dark, high contrast, on narrow and wide screens, for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from amltasks.report.model import Outcome
from tests.tab.builds import Recorded, Site
from tests.tab.conftest import Opened
from tests.tab.recorded import index, result

pytestmark = pytest.mark.xdist_group("tab")

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LONG = pytest.mark.long
SHAPES = {
    "Azure DevOps Server": "{base}/tfs/DefaultCollection/demo",
    "visualstudio.com": "http://sandbox.visualstudio.localhost:{port}/demo",
}


@pytest.fixture(scope="module")
def recorded(site: Site) -> Recorded:
    results = [result("broken.ipynb", Outcome.FAILED), result("train.ipynb", scraps={"mae": 3.2})]
    return site.finished(index(results), index([result("score.ipynb")], stage="Deploy"))


def scheme(tab: Frame) -> str:
    return str(tab.evaluate("getComputedStyle(document.documentElement).colorScheme"))


def violations(tab: Frame) -> list[Any]:
    """What axe finds, shortly."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]]


def test_the_theme_is_followed_when_it_changes(site: Site, recorded: Recorded, opened: Opened, page: Page) -> None:
    tab = opened(site.tab(recorded, theme="light"))
    assert scheme(tab) == "light"
    page.select_option("#theme", "dark")
    expect(tab.locator("html")).to_have_css("color-scheme", "dark")
    page.select_option("#theme", "light")
    expect(tab.locator("html")).to_have_css("color-scheme", "light")


@pytest.mark.parametrize("theme", [pytest.param("light", marks=LONG), pytest.param("dark", marks=LONG), "contrast"])
def test_everybody_can_use_it(site: Site, recorded: Recorded, opened: Opened, theme: str) -> None:
    tab = opened(site.tab(recorded, theme=theme))
    expect(tab.get_by_role("table")).to_be_visible()
    assert violations(tab) == []
    tab.get_by_role("button", name="broken.ipynb").first.click()
    expect(tab.get_by_role("heading", name="broken.ipynb")).to_be_visible()
    assert violations(tab) == []


@pytest.mark.long
@pytest.mark.parametrize("width", [400, 3840])
def test_nothing_is_cut_off_at_the_side(site: Site, recorded: Recorded, opened: Opened, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    tab = opened(site.tab(recorded))
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("shape", ["Azure DevOps Server", pytest.param("visualstudio.com", marks=LONG)])
def test_it_works_under_every_shape_of_addresses(site: Site, recorded: Recorded, opened: Opened, shape: str) -> None:
    base = site.server.base_url
    project = SHAPES[shape].format(base=base, port=base.rpartition(":")[2])
    tab = opened(f"{project}/_build/results?" + site.tab(recorded).partition("?")[2])
    expect(tab.get_by_text("broken.ipynb").first).to_be_visible()
