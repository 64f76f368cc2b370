"""Gates and rollouts in the tab, as runs of examples/train-register-deploy have left them in `rollouts/`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, expect

from amltasks.report.checks import ChainLink, CheckOutcome, ComparedMetric, RolloutMove
from amltasks.report.tab_names import attachment_name
from amltasks.report.tab_records import CHECKS, TabCheck, TabChecks, TabContext
from tests.notebooks.running import ROOT
from tests.tab.builds import Recorded, Site
from tests.tab.conftest import Forward, Opened

pytestmark = pytest.mark.xdist_group("tab")

BEGAN = datetime(2026, 11, 21, 9, tzinfo=timezone.utc)
ROLLOUTS = Path(__file__).with_name("rollouts")
HOSTILE = "<img src=x onerror=alert(1)><script>document.title='taken'</script>"


def attach(recorded: Recorded, name: str, ending: str = "") -> None:
    """What a run has left, of all stages; ending: of one file alone."""
    for file, content in json.loads((ROLLOUTS / f"{name}.json").read_text()).items():
        if file.endswith(ending):
            recorded.attach(file, content if isinstance(content, str) else json.dumps(content))


def rows(tab: Frame, label: str) -> list[list[str]]:
    """Of the table's body: the texts of its cells."""
    found = tab.get_by_role("region", name=label).locator("tbody tr").all()
    return [[cell.inner_text().strip() for cell in row.locator("th, td").all()] for row in found]


def test_a_model_that_is_held_back_stands_beside_the_champion(site: Site, opened: Opened) -> None:
    recorded = site.build()
    attach(recorded, "worse")
    recorded.finish()

    tab = opened(site.tab(recorded))

    card = tab.get_by_role("article", name="Register, if it is better")
    said = "Held back The new diabetes is not better than diabetes:1 and is not registered: mae 62.5"
    expect(card.locator(".said")).to_contain_text(said)
    mae, *_ = rows(tab, "Metrics")
    assert mae[0] == "mae"
    assert [float(number) for number in mae[1:3]] == pytest.approx([62.54, 41.77])
    assert mae[3].startswith("+2")
    assert "49.7" in mae[3]
    assert mae[4:6] == ["lower is better, tolerance 1 %, at most 60", "worse"]
    assert "champion: " in mae[6]
    chain = card.get_by_role("list", name="How the model came to be")
    assert chain.locator("b").all_inner_texts() == [
        "examples/train-register-deploy/train.ipynb",
        "diabetes, not registered",
    ]


def test_a_rollout_is_followed_move_by_move(site: Site, opened: Opened, forward: Forward) -> None:
    recorded = site.build()
    attach(recorded, "good", ".1.checks-progress.json")
    tab = opened(site.tab(recorded))
    said = tab.locator(".said")
    expect(said).to_have_text("Running Trying the scoring script here.")

    attach(recorded, "good", ".8.checks-progress.json")
    forward(15)
    expect(said).to_contain_text("Running route: done (blue 50 %, green 50 %)")
    moves = rows(tab, "Moves of the rollout")
    assert [move[1].split("\n")[0] for move in moves][-3:] == ["route", "10 %", "route"]
    assert [move[2].strip() for move in moves][-3:] == ["blue 90 %, green 10 %"] * 2 + ["blue 50 %, green 50 %"]

    attach(recorded, "good", ".checks.json")
    recorded.finish()
    forward(15)
    expect(said).to_have_text("Passed green serves diabetes:4 and has 100 % of the requests.")
    legend = [text.strip() for text in tab.locator(".legend li").all_inner_texts()]
    assert legend == ["blue diabetes:1", "green diabetes:4"]
    shares = tab.locator(".shares rect.green").evaluate_all("all => all.map(each => each.height.baseVal.value)")
    assert shares == [0, 0, 0, 0, 10, 10, 50, 50, 100, 100, 100]


def test_a_rollout_that_is_taken_back_says_why_and_has_the_log(site: Site, opened: Opened) -> None:
    recorded = site.build()
    attach(recorded, "slow")
    recorded.finish("failed")

    tab = opened(site.tab(recorded))

    expect(tab.locator(".said")).to_contain_text("Failed Rolled back, and requests are answered as before (blue 100 %)")
    watched = rows(tab, "Moves of the rollout")[2]
    assert watched[3:] == ["0 % of 20", "1.28 s", "p95 is 1281 ms, more than 1000 ms."]
    assert tab.locator(".shares").count() == 0  # no request has gone elsewhere
    assert tab.locator("details.group[open] summary").first.inner_text() == "Rollout 2 of 3 passed"
    tab.get_by_text("green-log.txt").click()
    expect(tab.locator("pre", has_text="Starting gunicorn")).to_be_visible()


def test_why_nothing_was_deployed_comes_first(site: Site, opened: Opened) -> None:
    recorded = site.build()
    attach(recorded, "broken")
    recorded.finish("failed")

    tab = opened(site.tab(recorded))

    sentence = "Nothing was deployed: Scoring script starts: The environment has no module 'not_there'"
    expect(tab.locator(".said")).to_contain_text(f"Failed {sentence}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_are_texts_and_nothing_is_wider_than_a_narrow_page(
    site: Site, opened: Opened, page: Page, theme: str
) -> None:
    """Also in the details, and in names of any length."""
    recorded = site.build()
    text = HOSTILE + "x" * 300
    told = TabChecks(
        context=TabContext(task=text, stage=text, job=text, step="s"),
        title=text,
        verdict=text,
        started_at=BEGAN,
        finished_at=BEGAN,
        checks=(
            TabCheck(name=text, group=text, outcome=CheckOutcome.FAILED, message=text, details=text, started_at=BEGAN),
        ),
        metrics=(ComparedMetric(name=text, new=1e-9, champion=0.0, rule=text, verdict=text, where=(text,)),),
        rollout=(
            RolloutMove(at=BEGAN, step=text, traffic={text: 100}, verdict=text, error_rate=0.5, p95=0.2),
            RolloutMove(at=BEGAN + timedelta(hours=1), step=text, traffic={}, verdict=text),
        ),
        deployments={text: text},
        chain=(ChainLink(kind=text, name=text, facts={text: text}),),
        facts={"Address": "javascript:alert(1)", text: text},
        notes=(text,),
        problems=(text,),
    )
    recorded.attach(attachment_name(told.context, ending=CHECKS), told.model_dump_json(by_alias=True))
    recorded.finish("failed")
    page.set_viewport_size({"width": 400, "height": 900})
    tab = opened(site.tab(recorded, theme=theme))
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    tab.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))

    found = tab.evaluate("axe.run(document.body, {resultTypes: ['violations']})")

    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
    assert tab.locator(".checks :is(img, script, a)").count() == 0
    assert tab.evaluate("document.title") != "taken"
    assert tab.evaluate("document.documentElement.scrollWidth") <= tab.evaluate("innerWidth")
