"""Two hundred notebooks are a usable table within a second of the page's loading."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.tab.builds import Site
from tests.tab.conftest import Opened
from tests.tab.recorded import index, result

pytestmark = [pytest.mark.xdist_group("tab"), pytest.mark.long]

TRIES = 5  # the best counts: what else the machine does is not the tab's time


def test_two_hundred_notebooks_open_within_a_second(site: Site, opened: Opened, page: Page) -> None:
    steps = [
        index([result(f"notebooks/{job}-{number}.ipynb", scraps={"mae": 1.5}) for number in range(50)], job=f"job{job}")
        for job in range(4)
    ]
    for _ in range(10):
        site.finished(*steps)
    recorded = site.finished(*steps)
    for number in range(800):  # what else such a build has attached
        recorded.attach(f"Test~job1~1~notebooks~n{number}~page.html", "x")
    page.add_init_script(
        """new MutationObserver((_, observer) => {
            if (document.querySelectorAll('tbody tr').length < 200) return;
            observer.disconnect();
            const note = () => { document.documentElement.dataset.tableAt = performance.now(); };
            requestAnimationFrame(() => setTimeout(note));
        }).observe(document, { childList: true, subtree: true });"""
    )
    took = []
    for _ in range(TRIES):
        tab = opened(site.tab(recorded))
        tab.wait_for_selector("html[data-table-at]")
        took.append(
            tab.evaluate(
                "document.documentElement.dataset.tableAt - performance.getEntriesByType('navigation')[0].loadEventEnd"
            )
        )
    assert min(took) < 1000, took
