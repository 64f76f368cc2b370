"""A run that is still running is followed: politely, without moving what a person looks at, until nothing comes."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest
from playwright.sync_api import Page, expect

from amltasks.report.model import Outcome
from sandbox.faults import Fault
from tests.tab.builds import Recorded, Site
from tests.tab.conftest import Forward, Opened
from tests.tab.recorded import index, name_of, result

pytestmark = pytest.mark.xdist_group("tab")

LISTED = "*/attachments/amltasks.notebooks"


def asked(site: Site, recorded: Recorded, path: str = LISTED) -> int:
    """How often the tab has read something of the build."""
    wanted = f"*/builds/{recorded.build.id}{path}"
    return sum(each.method == "GET" and fnmatch(each.url, wanted) for each in site.world.journal.exchanges)


def test_results_appear_as_they_come_and_late_ones_too(site: Site, opened: Opened, forward: Forward) -> None:
    recorded = site.build()
    first = index([result("slow.ipynb", None)], finished=False, number=1)
    recorded.index(first)
    tab = opened(site.tab(recorded))
    expect(tab.get_by_text("slow.ipynb").first).to_be_visible()
    search = tab.get_by_role("searchbox")
    search.fill("ipynb")

    recorded.index(index([result("slow.ipynb"), result("next.ipynb", None)], finished=False, number=2))
    forward(15)
    expect(tab.get_by_text("next.ipynb").first).to_be_visible()
    expect(search).to_be_focused()
    assert search.input_value() == "ipynb"

    recorded.index(index([result("slow.ipynb"), result("next.ipynb", Outcome.FAILED)]))
    recorded.finish("failed")
    forward(15)
    expect(tab.get_by_text("1 of 2 notebooks failed")).to_be_visible()

    recorded.index(index([result("late.ipynb")], job="Uploading"))
    forward(15)
    expect(tab.get_by_text("late.ipynb").first).to_be_visible()
    assert asked(site, recorded, f"/*/{name_of(first)}") == 1  # what does not change is read once


def test_a_step_that_is_tried_again_shows_the_new_try_and_in_the_end_what_that_left(
    site: Site, opened: Opened, forward: Forward
) -> None:
    recorded = site.build()
    recorded.index(index([result("again.ipynb", Outcome.FAILED)], number=2))
    recorded.index(index([result("again.ipynb", None)], finished=False, number=3))
    tab = opened(site.tab(recorded))
    expect(tab.get_by_text("Running").first).to_be_visible()
    recorded.index(index([result("again.ipynb")], number=4))  # under the same name as before
    forward(15)
    expect(tab.get_by_text("Passed").first).to_be_visible()
    recorded.finish()


@pytest.mark.long
def test_nobody_asks_of_a_run_that_is_over(site: Site, opened: Opened, forward: Forward) -> None:
    recorded = site.finished(index([result("done.ipynb")]))
    opened(site.tab(recorded))
    for _ in range(20):
        forward(60)
    before = asked(site, recorded)
    assert before < 10
    for _ in range(5):
        forward(60)
    assert asked(site, recorded) == before


@pytest.mark.long
def test_the_longer_nothing_changes_the_seldomer_it_is_asked(site: Site, opened: Opened, forward: Forward) -> None:
    recorded = site.build()
    recorded.index(index([result("slow.ipynb", None)], finished=False, number=1))
    tab = opened(site.tab(recorded))
    expect(tab.get_by_text("slow.ipynb").first).to_be_visible()
    before = asked(site, recorded)
    for _ in range(60):
        forward(10)
    assert 5 <= asked(site, recorded) - before <= 20  # of ten minutes; 60 if it did not slow down


def test_a_request_to_wait_is_heeded(site: Site, page: Page, forward: Forward) -> None:
    recorded = site.finished(index([result("patient.ipynb")]))
    wait = {"Retry-After": "30", "Access-Control-Expose-Headers": "Retry-After"}
    path = f"*/builds/{recorded.build.id}/attachments/*"
    site.world.faults.add(Fault(method="GET", path=path, status=429, headers=wait, nth=1))
    with page.expect_response(lambda response: response.status == 429):
        page.goto(site.tab(recorded))
    forward(20)
    assert asked(site, recorded) == 1
    forward(11)
    page.wait_for_selector("#loading[data-state=loaded]", state="attached")
    assert asked(site, recorded) == 2


@pytest.mark.long
def test_a_token_that_is_not_accepted_any_more_is_asked_for_anew(site: Site, opened: Opened) -> None:
    recorded = site.finished(index([result("signed-in.ipynb")]))
    path = f"*/builds/{recorded.build.id}/attachments/*"
    site.world.faults.add(Fault(method="GET", path=path, status=401, nth=1))
    tab = opened(site.tab(recorded))
    expect(tab.get_by_text("signed-in.ipynb").first).to_be_visible()
    assert asked(site, recorded) == 2


@pytest.mark.long
def test_what_is_listed_but_not_there_yet_is_waited_for(site: Site, opened: Opened, forward: Forward) -> None:
    recorded = site.build()
    coming = index([result("coming.ipynb")], job="Coming")
    recorded.index(coming)
    recorded.index(index([result("there.ipynb")]))
    site.world.faults.add(Fault(method="GET", path=f"*/{name_of(coming)}", status=404, nth=1))
    tab = opened(site.tab(recorded))
    expect(tab.get_by_text("there.ipynb").first).to_be_visible()
    assert tab.get_by_text("coming.ipynb").count() == 0
    forward(15)
    expect(tab.get_by_text("coming.ipynb").first).to_be_visible()


@pytest.mark.long
def test_what_is_shown_stays_when_a_look_fails(site: Site, opened: Opened, forward: Forward) -> None:
    recorded = site.build()
    recorded.index(index([result("shown.ipynb", None)], finished=False, number=1))
    path = f"*/builds/{recorded.build.id}/attachments/*"
    site.world.faults.add(Fault(method="GET", path=path, status=500, nth="2"))
    tab = opened(site.tab(recorded))
    forward(15)
    expect(tab.get_by_role("alert")).to_contain_text("Azure DevOps did not give the list of results")
    expect(tab.get_by_text("shown.ipynb").first).to_be_visible()
    forward(30)
    expect(tab.get_by_role("alert")).to_have_count(0)
