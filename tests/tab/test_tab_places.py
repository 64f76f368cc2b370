"""Links lead to a notebook and its cell, a reload stays there, and the way back leads to the table."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.tab.builds import TAB, Recorded, Site
from tests.tab.conftest import Opened
from tests.tab.recorded import index, result

pytestmark = pytest.mark.xdist_group("tab")

KEY = "Test~linux~1~notebooks~two"


@pytest.fixture(scope="module")
def recorded(site: Site) -> Recorded:
    many = [result(f"other{number}.ipynb") for number in range(40)]
    return site.finished(index([result("one.ipynb", run_id="one"), result("two.ipynb", run_id="two"), *many]))


def parameters(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_an_opened_notebook_is_in_the_address_and_survives_a_reload(
    site: Site, recorded: Recorded, opened: Opened, page: Page
) -> None:
    tab = opened(site.tab(recorded))
    tab.get_by_role("button", name="two.ipynb").first.click()
    expect(tab.get_by_role("heading", name="two.ipynb")).to_be_visible()
    expect(tab.get_by_role("table")).to_be_hidden()
    assert parameters(page)["notebook"] == [KEY]
    assert parameters(page)["view"] == [TAB]
    again = opened(page.url)
    expect(again.get_by_role("heading", name="two.ipynb")).to_be_visible()


def test_the_way_back_leads_to_the_row_where_it_began(
    site: Site, recorded: Recorded, opened: Opened, page: Page
) -> None:
    tab = opened(site.tab(recorded))
    row = tab.get_by_role("button", name="two.ipynb").first
    row.scroll_into_view_if_needed()
    scrolled = tab.evaluate("scrollY")
    assert scrolled > 0
    row.click()
    expect(tab.get_by_role("heading", name="two.ipynb")).to_be_visible()
    assert tab.evaluate("scrollY") == 0
    page.go_back()
    expect(tab.get_by_role("table")).to_be_visible()
    expect(row).to_be_focused()
    assert tab.evaluate("scrollY") == scrolled
    assert "notebook" not in parameters(page)


def test_a_link_to_a_notebook_that_is_not_there_says_so_and_shows_those_that_are(
    site: Site, recorded: Recorded, opened: Opened, page: Page
) -> None:
    tab = opened(site.tab(recorded, notebook="Test~linux~1~notebooks~gone"))
    expect(tab.get_by_text("The notebook that the link leads to is not in")).to_be_visible()
    expect(tab.get_by_text("one.ipynb").first).to_be_visible()
    tab.get_by_role("button", name="Show all notebooks").click()
    expect(tab.get_by_text("The notebook that the link leads to")).to_have_count(0)
    assert "notebook" not in parameters(page)
