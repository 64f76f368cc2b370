"""The table of a run's notebooks: what failed, where, why, and what was otherwise the last time."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from amltasks.report.model import Outcome
from amltasks.report.tab_records import TabCounts, TabState
from amltasks.report.wording import duration_words
from tests.tab.recorded import MAIN, Run, failure, index, png, recording, result, thumbnail

pytestmark = pytest.mark.xdist_group("tab")

Show = Callable[..., Page]
MODULES = Path(__file__).resolve().parents[2] / "node_modules"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test's page as a script; its styles lie beside it."""
    script = tmp_path_factory.mktemp("overview") / "page.js"
    options = ["--bundle", "--format=iife", "--jsx=automatic", "--jsx-import-source=preact", "--log-level=warning"]
    source = Path(__file__).with_name("overview_page.tsx")
    subprocess.run([MODULES / ".bin" / "esbuild", source, *options, f"--outfile={script}"], check=True)
    return script


@pytest.fixture(scope="module")
def page(driven_browser: Browser, bundle: Path) -> Iterator[Page]:
    """One for all tests: whatever is shown in it takes the place of what was."""
    page = driven_browser.new_page()
    page.set_content('<!doctype html><html lang="en"><title>Overview</title><body><div id="tab"></div></body></html>')
    page.add_style_tag(path=bundle.with_suffix(".css"))
    page.add_script_tag(path=bundle)
    page.add_script_tag(path=MODULES / "axe-core" / "axe.min.js")
    yield page
    page.close()


@pytest.fixture
def show(page: Page) -> Show:
    """Shows a recording; with history, unless it is told otherwise."""

    def shown(
        recorded: dict[str, Any],
        kept: str = "",
        *,
        history: bool = True,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
    ) -> Page:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.evaluate("([recorded, kept, history]) => page.show(recorded, kept, history)", [recorded, kept, history])
        return page

    return shown


def one_run(*results: Any, **more: Any) -> dict[str, Any]:
    return recording(Run(9, (index(results, **more),)))


NUMBERS = {"rmse": 0.1, "rows": 10, "a very long name of a number that was recorded": 1e-7}
MIXED = (
    result("models/train.ipynb", Outcome.FAILED, owner="anna@example.org", parameters={"alpha": "0.5"}),
    result("data/clean.ipynb", duration=100.0),
    result("data/ingest.ipynb", duration=3.0, parameter_set="full"),
    result("reports/weekly.ipynb", Outcome.TIMED_OUT, duration=60.0, failure=failure(error_name="CellTimeoutError")),
)


def names(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".row:visible .name").all_inner_texts()]


def place(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate("page.place()")
    return found


def words(found: Locator) -> str:
    return " ".join((found.text_content() or "").split())


def seconds(page: Page, done: Callable[[], object]) -> float:
    """Of the processor, for what is done and for drawing it."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def taken() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    before = taken()
    done()
    page.evaluate("new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)))")
    return taken() - before


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.locator(".name", has_text=name))


class TestWhatFailed:
    def test_says_first_how_many_failed_and_lists_those_first(self, show: Show) -> None:
        page = show(one_run(*MIXED))

        assert page.get_by_role("heading").inner_text().strip() == "2 of 4 notebooks failed"
        assert names(page) == ["train.ipynb", "weekly.ipynb", "clean.ipynb", "ingest.ipynb [full]"]

    def test_shows_the_cell_its_error_and_the_line_that_raised_without_opening_anything(self, show: Show) -> None:
        page = show(one_run(*MIXED))

        assert "Cell [3] · Train the model" in row(page, "train.ipynb").inner_text()
        assert "KeyError: 'price'" in row(page, "train.ipynb").inner_text()
        marked = page.locator("mark").first
        assert words(marked) == "6 model.fit(X, train['price'])"
        assert "Index.get_loc" in page.get_by_label("End of the traceback").first.inner_text()

    def test_folds_the_code_of_many_failures_and_unfolds_it_by_keyboard(self, show: Show) -> None:
        page = show(one_run(*(result(f"n{number}.ipynb", Outcome.FAILED) for number in range(4))))
        assert page.locator("mark").count() == 0

        button = row(page, "n2.ipynb").get_by_role("button", name="Show the code of n2.ipynb")
        button.press("Enter")

        expect(page.locator("mark")).to_have_count(1)
        expect(row(page, "n2.ipynb").get_by_role("button", expanded=True)).to_be_focused()

    def test_leads_to_the_failing_cell(self, show: Show) -> None:
        page = show(one_run(*MIXED))

        row(page, "train.ipynb").get_by_role("button", name="train.ipynb", exact=True).click()

        assert place(page)["notebook"].endswith("~models.train.ipynb-")
        assert place(page)["cell"] == "cell-3"

    def test_says_why_there_is_no_failing_cell(self, show: Show) -> None:
        missing = result(
            "r.ipynb", Outcome.KERNEL_MISSING, failure=None, message="There is no kernel “ir”: install it.", ok=False
        )

        assert "There is no kernel “ir”" in row(show(one_run(missing)), "r.ipynb").inner_text()

    def test_an_expected_failure_is_no_failure(self, show: Show) -> None:
        expected = result("neg.ipynb", Outcome.FAILED, expected_outcome=Outcome.FAILED, ok=True)
        page = show(one_run(expected))

        assert page.get_by_role("heading").inner_text().strip() == "The notebook passed"
        assert "Failed, as expected" in row(page, "neg.ipynb").inner_text()
        assert "KeyError" not in row(page, "neg.ipynb").inner_text()

    def test_texts_of_notebooks_are_only_texts(self, show: Show) -> None:
        evil = "<img src=x onerror=alert(1)><script>alert(1)</script>"
        failed = failure(error_name=evil, error_value=evil, excerpt=evil, text=evil, title=evil)
        hostile = result(
            f"{evil}.ipynb", Outcome.FAILED, failure=failed, owner=evil, notes=(evil,), parameters={evil: evil},
            scraps={evil: evil}, message=evil, parameter_set=evil,
        )  # fmt: skip
        page = show(recording(Run(9, (index([hostile], problems=(evil,)),)), Run(8, (index([hostile]),))))

        assert page.locator("#tab img, #tab script").count() == 0
        assert page.get_by_text(evil).count() >= 6


class TestFindingNotebooks:
    def test_filters_by_outcome_and_keeps_that_in_the_place(self, show: Show) -> None:
        page = show(one_run(*MIXED))

        page.get_by_role("button", name="Passed 2").click()

        expect(page.get_by_role("button", name="Passed 2", pressed=True)).to_be_visible()
        assert names(page) == ["clean.ipynb", "ingest.ipynb [full]"]
        page.wait_for_function("page.place().filter === 'outcome=passed'")

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("anna", ["train.ipynb"]),
            ("CELLTIMEOUT", ["weekly.ipynb"]),
            ("alpha=0.5", ["train.ipynb"]),
            ("data/ full", ["ingest.ipynb [full]"]),
        ],
    )
    def test_searches_titles_owners_errors_and_parameters(self, show: Show, search: str, found: list[str]) -> None:
        page = show(one_run(*MIXED))

        page.get_by_role("searchbox").fill(search)

        expect(page.locator(".row:visible")).to_have_count(len(found))
        assert names(page) == found

    def test_a_search_without_results_leads_back_to_all(self, show: Show) -> None:
        page = show(one_run(*MIXED), "search=nonsense")
        assert "No notebook is like this" in page.locator(".overview").inner_text()

        page.get_by_role("button", name="Show all").click()

        expect(page.locator(".row:visible")).to_have_count(4)
        expect(page.get_by_role("searchbox")).to_have_value("")

    def test_a_link_brings_its_filter_and_strange_ones_do_no_harm(self, show: Show) -> None:
        assert names(show(one_run(*MIXED), "sort=duration"))[0] == "clean.ipynb"
        assert len(names(show(one_run(*MIXED), "sort=constructor&outcome=%&reversed"))) == 4

    def test_sorts_by_the_heads_and_tells_screen_readers(self, show: Show) -> None:
        page = show(one_run(*MIXED))

        page.get_by_role("button", name="Duration").click()
        expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute("aria-sort", "descending")
        assert names(page) == ["clean.ipynb", "weekly.ipynb", "train.ipynb", "ingest.ipynb [full]"]

        page.get_by_role("button", name="Duration").click()
        expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute("aria-sort", "ascending")
        assert names(page)[0] == "ingest.ipynb [full]"
        assert page.locator("[aria-sort]").count() == 1

    def test_going_back_brings_the_filter_back(self, show: Show) -> None:
        page = show(one_run(*MIXED))
        page.get_by_role("button", name="Passed 2").click()
        page.wait_for_function("page.place().filter !== ''")

        page.evaluate("page.goTo({})")

        expect(page.locator(".row:visible")).to_have_count(4)

    def test_what_was_typed_just_before_a_notebook_is_opened_does_not_close_it(self, show: Show) -> None:
        page = show(one_run(*MIXED))
        page.get_by_role("searchbox").fill("train")
        row(page, "train.ipynb").get_by_role("button", name="train.ipynb", exact=True).click()
        assert place(page)["notebook"]

        page.wait_for_timeout(400)

        assert place(page)["notebook"]
        assert place(page)["filter"] == "search=train"


class TestStepsAndAttempts:
    def test_one_step_has_no_headings(self, show: Show) -> None:
        assert show(one_run(*MIXED)).locator(".group").count() == 0

    def test_steps_are_told_apart_by_what_differs_those_with_failures_first(self, show: Show) -> None:
        steps = (index(MIXED[1:3], job="linux"), index(MIXED[:1], job="windows"))
        page = show(recording(Run(9, steps)))

        heads = page.locator(".group").all_inner_texts()
        assert [" ".join(head.split()) for head in heads] == ["windows 1 failed", "linux 2 passed"]

    def test_earlier_attempts_are_folded_and_do_not_count(self, show: Show) -> None:
        attempts = (index(MIXED[:1], attempt=1), index([result("models/train.ipynb")], attempt=2))
        page = show(recording(Run(9, attempts)))
        assert page.get_by_role("heading").inner_text().strip() == "The notebook passed"
        assert len(names(page)) == 1

        page.get_by_role("button", name="attempt 1, an earlier attempt").click()

        expect(page.locator(".row.failed")).to_have_count(1)

    def test_what_a_step_could_not_publish_is_said(self, show: Show) -> None:
        page = show(one_run(*MIXED, problems=("The JUnit file could not be written: no space left.",)))

        assert page.get_by_text("The JUnit file could not be written").is_visible()


class TestWhileItRuns:
    BEGUN = (
        result("a.ipynb", Outcome.FAILED),
        result("b.ipynb", None, cells=TabCounts(total=9, done=3), current="Plot the residuals"),
        result("c.ipynb", None, state=TabState.PLANNED, started_at=None),
    )

    def running(self, *results: Any, number: int = 1) -> dict[str, Any]:
        return recording(Run(9, (index(results, finished=False, number=number),), running=True))

    def test_says_how_far_it_has_come(self, show: Show) -> None:
        page = show(self.running(*self.BEGUN))

        assert page.get_by_role("heading").inner_text().strip() == "1 of 3 notebooks done, 1 failed"
        assert "3 of 9 cells done · Plot the residuals" in row(page, "b.ipynb").inner_text()
        assert "Waiting" in row(page, "c.ipynb").inner_text()
        assert row(page, "c.ipynb").get_by_role("button").count() == 0

    def test_what_comes_new_leaves_the_focus_and_what_is_unfolded(self, show: Show) -> None:
        page = show(self.running(*self.BEGUN))
        row(page, "a.ipynb").get_by_role("button", name="Hide the code").click()
        name = row(page, "a.ipynb").get_by_role("button", name="a.ipynb", exact=True)
        name.focus()

        later = (self.BEGUN[0], result("b.ipynb", Outcome.FAILED), self.BEGUN[2])
        page.evaluate("recorded => page.goOn(recorded)", self.running(*later, number=2))

        expect(page.get_by_role("heading")).to_have_text("2 of 3 notebooks done, 2 failed")
        expect(name).to_be_focused()
        expect(row(page, "a.ipynb").get_by_role("button", name="Show the code")).to_be_visible()

    def test_a_row_that_moves_keeps_the_focus(self, show: Show) -> None:
        passed = [result(f"{name}.ipynb") for name in "klm"]
        running = result("z.ipynb", None)
        page = show(self.running(running, *passed))
        button = row(page, "k.ipynb").get_by_role("button", name="k.ipynb", exact=True)
        button.focus()

        page.evaluate("recorded => page.goOn(recorded)", self.running(result("z.ipynb"), *passed, number=2))

        expect(page.locator(".row.running")).to_have_count(0)
        expect(button).to_be_focused()

    def test_what_an_agent_left_unfinished_is_called_so(self, show: Show) -> None:
        page = show(recording(Run(9, (index(self.BEGUN, finished=False),))))

        assert page.get_by_role("heading").inner_text().strip() == "1 of 3 notebooks failed, 2 did not finish"
        assert "Did not finish" in row(page, "b.ipynb").inner_text()
        assert "its agent stopped" in page.locator(".said").inner_text()


class TestAgainstEarlierRuns:
    def test_says_whether_a_failure_is_new(self, show: Show) -> None:
        new, old, other = "new.ipynb", "old.ipynb", "other.ipynb"
        value = failure(error_name="ValueError")
        page = show(
            recording(
                Run(9, (index([result(name, Outcome.FAILED) for name in (new, old, other)] + [result("ok.ipynb")]),)),
                Run(
                    8,
                    (index([result(new), result(old, Outcome.FAILED), result(other, Outcome.FAILED, failure=value)]),),
                ),
                Run(7, (index([result(new), result(old, Outcome.FAILED), result(other)]),)),
                Run(6, (index([result(new), result(old), result(other), result("ok.ipynb", Outcome.FAILED)]),)),
            )
        )

        assert "New: passed in 20261121.8" in row(page, new).inner_text()
        assert "Failing since 20261121.7" in row(page, old).inner_text()
        assert "Failing since 20261121.8, last time by another error: ValueError" in row(page, other).inner_text()
        assert "Fixed: failed in 20261121.6" in row(page, "ok.ipynb").inner_text()
        assert row(page, new).get_by_role("img", name="Passed in 3 of the last 3 builds").is_visible()

    def test_draws_durations_of_the_builds_in_which_it_passed(self, show: Show) -> None:
        runs = [Run(9 - n, (index([result("a.ipynb", duration=41.0 + n)]),)) for n in range(5)]
        failed = Run(1, (index([result("a.ipynb", Outcome.FAILED, duration=1.0)]),))
        page = show(recording(*runs, failed))

        assert page.get_by_role("img", name="42.0 s to 45.0 s in the last 4 builds in which it passed").is_visible()

    def test_shows_metrics_with_their_change_against_the_last_green_run(self, show: Show) -> None:
        def run(number: int, outcome: Outcome, **scraps: Any) -> Run:
            return Run(number, (index([result("a.ipynb", outcome, scraps=scraps)]),))

        page = show(
            recording(
                run(9, Outcome.PASSED, rmse=0.412, rows=1000, model="gbm", new=1),
                run(8, Outcome.FAILED, rmse=99.0),
                run(7, Outcome.PASSED, rmse=0.4, rows=1000, model="linear"),
            )
        )

        assert [words(found) for found in page.locator(".metrics dd").all()] == [
            "0.412", "▲up by 0.012 (3 %)", "1,000", "=unchanged", "gbm", "≠ was linear", "1", "",
        ]  # fmt: skip
        assert "against main" in page.get_by_role("columnheader", name="Metrics").inner_text()

    def test_compares_a_pull_request_with_its_target_branch(self, show: Show) -> None:
        own = Run(9, (index([result("a.ipynb")], target_branch=MAIN),), branch="refs/pull/4/merge")
        page = show(recording(own, Run(8, (index([result("a.ipynb")]),), branch="refs/pull/4/merge"), Run(7, (), MAIN)))

        assert page.evaluate("page.asked().filter(asked => asked.startsWith('earlier'))") == [f"earlier {MAIN}"]

    def test_a_new_branch_is_compared_with_the_default_one(self, show: Show) -> None:
        feature = "refs/heads/feature"
        page = show(
            recording(Run(9, (index([result("a.ipynb", scraps={"x": 2})]),), feature), Run(8, (), feature),
                      Run(7, (index([result("a.ipynb", scraps={"x": 1})]),)))
        )  # fmt: skip

        assert page.evaluate("page.history()") == {"branch": MAIN, "complete": True}
        assert "▲up by 1 (100 %)" in words(row(page, "a.ipynb"))

    def test_reads_no_more_than_ten_runs_two_at_a_time_and_the_results_first(self, show: Show) -> None:
        page = show(recording(*(Run(number, (index([result("a.ipynb")]),)) for number in range(20, 5, -1))))

        asked = page.evaluate("page.asked()")
        assert asked[0] == "list 20"
        assert len([what for what in asked if what.startswith("list")]) == 11
        assert page.evaluate("page.mostRunsAtOnce()") <= 2

    def test_finds_a_notebook_again_whose_stage_was_renamed(self, show: Show) -> None:
        page = show(
            recording(
                Run(9, (index([result("a.ipynb", Outcome.FAILED)], stage="Verify"),)),
                Run(8, (index([result("a.ipynb")], stage="Test"),)),
            )
        )

        assert "New: passed in 20261121.8" in row(page, "a.ipynb").inner_text()

    def test_another_job_that_still_exists_is_no_earlier_run(self, show: Show) -> None:
        both = (index([result("a.ipynb")], job="linux"), index([result("a.ipynb", Outcome.FAILED)], job="windows"))
        page = show(recording(Run(9, both), Run(8, (index([result("a.ipynb")], job="linux"),))))

        assert "New:" not in row(page, "a.ipynb").first.inner_text()


class TestOtherVersions:
    def test_shows_what_an_older_version_wrote_and_leaves_out_what_is_not_as_it_should_be(self, show: Show) -> None:
        written = json.loads(
            index([result("a.ipynb"), result("b.ipynb", Outcome.FAILED)]).model_dump_json(by_alias=True)
        )
        for name in ("notes", "problems"):
            del written[name]
        for name in ("scraps", "parameters", "notes", "thumbnail", "cells", "message", "expectedOutcome"):
            del written["results"][0][name]
        written["results"][1].update(parameters=5, notes={"a": 1}, scraps="none", duration="long", owner=None)
        written["results"][1]["failure"] = {"position": 3, "excerpt": 7}
        stored = Run(9, (index([]),)).record()
        (name,) = stored["files"]
        stored["files"][name] = base64.b64encode(json.dumps(written).encode()).decode()

        page = show({"defaultBranch": MAIN, "runs": [stored, {**stored, "id": 8}]})

        assert names(page) == ["b.ipynb", "a.ipynb"]


class TestFigures:
    def shown(self, show: Show, data: bytes) -> Page:
        found = result("a.ipynb", thumbnail=thumbnail("figure"))
        return show(recording(Run(9, (index([found]),), files={"figure": data})))

    def test_the_last_figure_leads_to_its_cell(self, show: Show) -> None:
        page = self.shown(show, png())
        figure = page.get_by_role("img", name="Last figure of a.ipynb")
        expect(figure).to_be_visible()
        assert figure.evaluate("image => image.decode().then(() => image.naturalWidth)") == 8

        figure.click()

        assert place(page)["cell"] == "cell-4"

    def test_what_is_no_picture_or_unpacks_to_too_much_is_not_shown(self, show: Show) -> None:
        for data in (b"<svg onload='alert(1)'/>", b"", png(said=(60000, 60000)), png() + bytes(2_000_000)):
            page = self.shown(show, data)
            expect(page.get_by_role("button", name="no preview")).to_be_visible()
            assert page.locator("img").count() == 0

    def test_is_read_only_when_it_comes_into_view(self, show: Show) -> None:
        results = [result(f"n{n:02}.ipynb", thumbnail=thumbnail(f"figure-{n:02}")) for n in range(60)]
        page = show(recording(Run(9, (index(results),), files={f"figure-{n:02}": png() for n in range(60)})))
        expect(row(page, "n00.ipynb").locator("img")).to_be_visible()
        assert "read 9 figure-59" not in page.evaluate("page.asked()")

        row(page, "n59.ipynb").scroll_into_view_if_needed()

        expect(row(page, "n59.ipynb").locator("img")).to_be_visible()


class TestNothingToShow:
    @pytest.mark.parametrize(
        ("run", "why"),
        [
            (Run(9, (), running=True), "No results yet"),
            (Run(9, ()), "leaves out tab"),
            (Run(9, (index([]),)), "No notebooks were run"),
        ],
    )
    def test_says_why(self, show: Show, run: Run, why: str) -> None:
        assert why in show(recording(run)).locator(".overview").inner_text()


class TestLooks:
    @pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1280, "dark"), (3840, "light")])
    def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
        self, show: Show, width: int, scheme: Literal["light", "dark"]
    ) -> None:
        now = [result("a.ipynb", scraps=NUMBERS, thumbnail=thumbnail("figure")), *MIXED, TestWhileItRuns.BEGUN[1]]
        before = [result("a.ipynb", scraps={"rmse": 0.2}), *MIXED[1:]]
        page = show(
            recording(
                Run(
                    9, (index(now, finished=False), index(MIXED, job="windows")), running=True, files={"figure": png()}
                ),
                Run(8, (index(before), index(MIXED, job="windows"))),
            ),
            width=width,
            scheme=scheme,
        )

        found = page.evaluate("axe.run(document.body, {resultTypes: ['violations']})")

        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_two_hundred_notebooks_with_ten_earlier_builds_stay_usable(self, show: Show, page: Page) -> None:
        """A usable table within a second, filtered within a tenth; of processor time, with room for a busy machine."""
        results = [
            result(f"folder/n{number}.ipynb", Outcome.FAILED if number % 50 == 0 else Outcome.PASSED, scraps=NUMBERS)
            for number in range(200)
        ]
        recorded = recording(*(Run(number, (index(results),)) for number in range(20, 9, -1)))

        assert seconds(page, lambda: show(recorded, history=False)) < 1
        page.evaluate("page.remember()")
        for search, number in (("n19", 11), ("", 200)):
            assert seconds(page, partial(page.get_by_role("searchbox").fill, search)) < 0.3
            assert page.locator(".row:visible").count() == number


class TestNumbers:
    def test_durations_are_said_as_everywhere(self, show: Show) -> None:
        seconds = [0.0, 0.421, 9.99, 9.996, 59.94, 59.96, 60.4, 185, 3599.4, 3600, 7800, 86400.5]

        said = show(one_run(*MIXED), history=False).evaluate("all => all.map(page.durationWords)", seconds)

        assert said == [duration_words(each) for each in seconds]

    def test_numbers_have_the_digits_that_count(self, show: Show) -> None:
        numbers = [0, 12, 1234567, 0.81234, 1234567.89, 0.00001234, 5e12, -0.5]

        said = show(one_run(*MIXED), history=False).evaluate("all => all.map(page.numberWords)", numbers)

        assert said == ["0", "12", "1,234,567", "0.8123", "1,234,567.9", "1.234e-5", "5e12", "-0.5"]
