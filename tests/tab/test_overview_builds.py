"""The overview with a sandbox's builds: what it reads of earlier ones, and of a figure, by the service's own ways."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from amltasks.report.model import Outcome
from tests.tab.builds import Site
from tests.tab.conftest import Opened
from tests.tab.recorded import MAIN, index, png, result, thumbnail

pytestmark = pytest.mark.xdist_group("tab")


def test_a_pull_request_is_compared_with_the_last_green_build_of_its_target(site: Site, opened: Opened) -> None:
    green = site.finished(index([result("train.ipynb", scraps={"rmse": 0.5}), result("clean.ipynb")]))
    site.finished(index([result("train.ipynb", Outcome.FAILED), result("clean.ipynb")]))
    site.finished(branch=MAIN)  # without results
    pull = "refs/pull/7/merge"
    site.finished(index([result("train.ipynb", scraps={"rmse": 9.0})], branch=pull, target_branch=MAIN), branch=pull)
    now = index(
        [result("train.ipynb", scraps={"rmse": 0.45}), result("clean.ipynb", Outcome.FAILED)],
        branch=pull,
        target_branch=MAIN,
    )
    tab = opened(site.tab(site.finished(now, branch=pull)))

    expect(tab.get_by_role("columnheader", name="Metrics against main")).to_be_visible()
    expect(tab.get_by_text("0.05 (10\u00a0%)")).to_be_visible()
    expect(tab.get_by_text("New: passed in")).to_be_visible()
    expect(tab.get_by_role("button", name=f"What changed since {green.build.number}")).to_have_count(0)
    expect(tab.get_by_role("button", name="What changed since")).to_be_visible()


def test_a_figure_is_shown_though_the_frame_has_no_origin(site: Site, opened: Opened) -> None:
    recorded = site.build()
    recorded.attach("last-figure.png", png(20, 10))
    recorded.index(index([result("plots.ipynb", thumbnail=thumbnail("last-figure.png"))]))
    recorded.finish()
    tab = opened(site.tab(recorded))

    figure = tab.get_by_role("img", name="Last figure of plots.ipynb")
    expect(figure).to_be_visible()
    assert figure.evaluate("image => image.decode().then(() => image.naturalWidth)") == 20
    expect(tab.get_by_text("Reading the results")).to_have_count(0)
