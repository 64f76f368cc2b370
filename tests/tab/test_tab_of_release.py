"""A classic release shows what all its deployments have left, and is followed as a build is."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from amltasks.report.model import Outcome
from tests.tab.builds import IDENTITY, Site
from tests.tab.conftest import Opened
from tests.tab.recorded import index, result

pytestmark = pytest.mark.xdist_group("tab")


def test_results_of_all_stages_and_attempts_are_shown(site: Site, opened: Opened) -> None:
    first = site.finished(index([result("smoke.ipynb", Outcome.FAILED)], stage="qa", job="deploy"))
    second = site.finished(index([result("smoke.ipynb")], stage="qa", job="deploy", attempt=2))
    running = site.build()
    running.index(index([result("live.ipynb", None)], finished=False, stage="prod", job="deploy"))
    stages = {"qa": [first.build, second.build], "prod": [running.build]}
    before = site.finished(index([result("smoke.ipynb")], stage="qa", job="deploy"))
    site.world.releases.record("ship", {"qa": [before.build], "prod": []}, artifact=before.build)
    release = site.world.releases.record("ship", stages, artifact=first.build)
    tab = opened(f"{site.server.base_url}/releases/{release.id}/tabs/{IDENTITY}.notebooks-release-tab")
    expect(tab.get_by_text("smoke.ipynb").first).to_be_visible()
    expect(tab.get_by_text("live.ipynb").first).to_be_visible()
    expect(tab.get_by_text("prod").first).to_be_visible()
    running.index(index([result("live.ipynb")], stage="prod", job="deploy"))
    running.finish()  # the page says so
    expect(tab.get_by_text("All 2 notebooks passed")).to_be_visible()
