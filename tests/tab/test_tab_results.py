"""Which results the tab shows of a run: of all stages, jobs and attempts, as far as they have come, or why not."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Frame, expect

from amltasks.report.model import Outcome
from amltasks.report.tab_records import TabState
from sandbox.faults import Fault
from tests.tab.builds import Site
from tests.tab.conftest import Opened
from tests.tab.recorded import index, name_of, result

pytestmark = pytest.mark.xdist_group("tab")

FAILED = result("broken.ipynb", Outcome.FAILED)


def shows(tab: Frame, *names: str) -> None:
    for name in names:
        expect(tab.get_by_text(name).first).to_be_visible()


def test_results_of_all_stages_and_jobs_are_shown(site: Site, opened: Opened) -> None:
    recorded = site.finished(
        index([result("train.ipynb"), FAILED]), index([result("score.ipynb")], stage="Deploy", job="Score")
    )
    shows(opened(site.tab(recorded)), "train.ipynb", "broken.ipynb", "score.ipynb", "Deploy")


def test_of_a_step_its_last_state_is_shown_whatever_order_they_came_in(site: Site, opened: Opened) -> None:
    recorded = site.build()
    recorded.index(index([result("old.ipynb", None)], finished=False, number=10))
    recorded.index(index([result("older.ipynb", None)], finished=False, number=9))
    tab = opened(site.tab(recorded))
    shows(tab, "old.ipynb")
    assert tab.get_by_text("older.ipynb").count() == 0


def test_what_a_cancelled_run_left_unfinished_is_said_to_be_so(site: Site, opened: Opened) -> None:
    recorded = site.build()
    waiting = result("later.ipynb", None, state=TabState.PLANNED)
    recorded.index(index([result("slow.ipynb", None), waiting], finished=False, number=3))
    recorded.finish("canceled")
    shows(opened(site.tab(recorded)), "slow.ipynb", "did not finish")


def test_files_that_cannot_be_shown_are_named_beside_those_that_can(site: Site, opened: Opened) -> None:
    texts = {
        "half": ('{"version": 1, "results": [', "it is not whole"),
        "newer": ('{"version": 99}', "it was written by another version of the task (format 99)"),
        "forged": ('{"version": 1, "context": {"stage": 7}, "results": []}', "it does not say what its results are"),
        "foreign": ("[]", "it is none of this extension's"),
    }
    recorded = site.build()
    for job, (text, _) in texts.items():
        recorded.attach(name_of(index([], job=job)), text)
    recorded.index(index([result("good.ipynb")]))
    recorded.finish()
    tab = opened(site.tab(recorded))
    shows(tab, "good.ipynb")
    for job, (_, why) in texts.items():
        shows(tab, f"The file Test~{job}~1~notebooks.index.json cannot be shown: {why}.")


def test_results_that_cannot_be_read_are_a_sentence_and_a_button(site: Site, opened: Opened) -> None:
    recorded = site.finished(index([FAILED]))
    site.world.faults.add(Fault(method="GET", path=f"*/builds/{recorded.build.id}/attachments/*", status=500, nth=1))
    tab = opened(site.tab(recorded), state="failed")
    shows(tab, f"Azure DevOps did not give the list of results of {recorded.build.number} (status 500")
    tab.get_by_role("button", name="Try again").click()
    shows(tab, "broken.ipynb")
    expect(tab.get_by_role("alert")).to_have_count(0)


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 401}, "did not let this page read the list of results of {}: reload it to sign in again."),
        ({"status": 403}, "You may not read the list of results of {}: ask for the permission to view this pipeline."),
        ({"status": 404}, "does not find the list of results of {}: it may have been deleted."),
        ({"reset": True}, "cannot be reached to read the list of results of {}: look at your network, then try again."),
    ],
)
def test_every_failure_says_what_can_be_done(site: Site, opened: Opened, fault: dict[str, Any], sentence: str) -> None:
    recorded = site.finished(index([FAILED]))
    site.world.faults.add(Fault(method="GET", path=f"*/builds/{recorded.build.id}/attachments/*", **fault))
    tab = opened(site.tab(recorded), state="failed")
    expect(tab.get_by_role("alert")).to_contain_text(sentence.format(recorded.build.number))
