"""One notebook in the tab: its page with what failed in view, its file, its job's page, the way to other failures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect

from amltasks.report.model import CellError, CellOutcome, CellResult, NotebookResult, Outcome
from amltasks.report.page import render_page
from amltasks.report.tab_records import TabFile
from tests.tab.notebook_pages import AXE, View, built, notebook_file, page_file, serving, view
from tests.tab.recorded import Run, index, recording, result

pytestmark = pytest.mark.xdist_group("tab")

VIOLATIONS = (
    "axe.run(document, {iframes: false}).then(({violations}) => violations.map(v => `${v.id} ${v.nodes[0].html}`))"
)
SUMS = "reports/sums.ipynb"
TRACEBACK = "Cell In[2], line 2\n----> 2 total / 0\n\nZeroDivisionError: division by zero"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(built(tmp_path_factory)) as address:
        yield address


@pytest.fixture(scope="module")
def shown(driven_browser: Browser, address: str) -> Iterator[View]:
    """One window for all tests: whatever is shown in it takes the place of what was."""
    with view(driven_browser, address) as opened:
        opened.tab.add_script_tag(url=f"{address}/axe.js")
        yield opened
        assert opened.log == []


def _page(cells: int = 30) -> bytes:
    """Of a notebook with a heading before each cell, whose second cell failed."""
    sources: list[dict[str, Any]] = []
    for number in range(cells):
        sources.append({"cell_type": "markdown", "source": f"## Part {number}\n\n" + "text " * 300})
        sources.append({"cell_type": "code", "source": f"total = {number}", "execution_count": number, "outputs": []})
    cause = CellError(name="ZeroDivisionError", value="division by zero", traceback=TRACEBACK)
    failed = CellResult(index=3, position=3, title="Part 1", outcome=CellOutcome.FAILED, duration=2.5, error=cause)
    whole = NotebookResult(
        run_id="sums", notebook=SUMS, outcome=Outcome.FAILED, message="Cell 2 raised", cells=(failed,)
    )
    return render_page(whole, {"cells": sources, "metadata": {}}).encode()


def _recording(*files: TabFile, outcome: Outcome | None = Outcome.FAILED, **more: Any) -> dict[str, Any]:
    """Three notebooks, of which the first and the last have failed; the one in question is the second, if not told."""
    others = [result("first.ipynb", Outcome.FAILED), result("passed.ipynb"), result("last.ipynb", Outcome.FAILED)]
    asked = result(SUMS, outcome, files=files, **more)
    run = Run(7, (index([others[0], asked, *others[1:]]),), files={"sums.html": _page(), "sums.ipynb": b'{"a": 1}'})
    return recording(run)


FILES = (page_file("sums.html"), notebook_file("sums.ipynb", 1_234_567))


def test_the_page_opens_with_what_failed_and_leads_to_a_cell(shown: View) -> None:
    """At first the failing cell is in view; a link to another cell shows that one, in a page that may run nothing."""
    shown.show(_recording(*FILES), SUMS)
    frame = shown.notebook
    frame.wait_for_selector(".failure")

    assert shown.tab.get_attribute("iframe", "sandbox") == ""
    assert "sums.ipynb" in (shown.tab.get_attribute("iframe", "title") or "")
    expect(frame.locator(".failure .error")).to_be_in_viewport()
    expect(frame.locator("h1")).to_be_hidden()  # the tab says it above

    shown.call("go", {"cell": "cell-41"})

    expect(frame.locator("#cell-41")).to_be_in_viewport()
    expect(frame.locator(".failure .error")).not_to_be_in_viewport()

    shown.call("go", {"cell": "cell-3"})  # the failing one, of which all is at the top

    expect(frame.locator(".failure .error")).to_be_in_viewport()


def test_a_link_to_a_cell_opens_the_page_there(shown: View) -> None:
    shown.show(_recording(*FILES), SUMS, cell="cell-50")

    expect(shown.notebook.locator("#cell-50")).to_be_in_viewport()


def test_the_outline_leads_within_the_page(shown: View) -> None:
    """In a frame without an address of its own, links to anchors still lead to them."""
    shown.show(_recording(*FILES), SUMS)
    frame = shown.notebook
    expect(frame.locator(".outline li", has_text="Part 1 ✗ failed")).to_contain_text("2.50 s")

    frame.click(".outline >> text=Part 20")

    expect(frame.locator("#cell-40")).to_be_in_viewport()
    assert frame.url == "about:srcdoc#cell-40"


def test_the_page_follows_the_tabs_theme(driven_browser: Browser, address: str) -> None:
    with view(driven_browser, address, color_scheme="null") as opened:
        opened.tab.evaluate("document.documentElement.style.colorScheme = 'dark'")
        opened.show(_recording(*FILES), SUMS)
        opened.notebook.wait_for_selector(".failure")

        dark = opened.notebook.evaluate("getComputedStyle(document.body).backgroundColor")

    assert dark == "rgb(20, 23, 28)"


def test_the_notebook_is_saved_as_it_is(shown: View) -> None:
    """Under its own name, not under that of the file in which it was executed."""
    shown.show(_recording(FILES[0], FILES[1].model_copy(update={"name": "executed.ipynb"}), parameter_set="a/b"), SUMS)

    with shown.page.expect_download() as download:
        shown.tab.click("text=Download notebook (1.2 MB)")

    assert download.value.suggested_filename == "sums-a_b.ipynb"
    assert Path(download.value.path()).read_bytes() == b'{"a": 1}'
    expect(shown.tab.locator(".notebook-said")).to_contain_text("sums-a_b.ipynb is handed to the browser")


def test_the_path_is_copied_in_a_frame_without_the_right_to(shown: View) -> None:
    """As an older browser would do it; whoever came by the keyboard stays where they are."""
    shown.show(_recording(*FILES), SUMS)
    button = shown.tab.get_by_role("button", name="Copy path")

    button.press("Enter")

    expect(shown.tab.locator(".notebook-said")).to_have_text("The path is copied.")
    expect(button).to_be_focused()


def test_the_studio_is_opened_by_the_host(shown: View) -> None:
    address = "https://ml.azure.com/runs/quiet_ant?wsid=/subscriptions/1"
    shown.show(_recording(*FILES, studio=address), SUMS)

    shown.tab.click("text=Open in Azure ML studio")

    assert shown.call("opened") == [address]


@pytest.mark.parametrize(
    "studio",
    [
        "http://ml.azure.com/runs/quiet_ant",
        "https://ml.azure.com.hostile.invalid/",
        "https://ml.azure.com@hostile.invalid/",
        "https://me@ml.azure.com/",
        "https://ml.azure.com:8443/",
        "javascript:alert(1)//https://ml.azure.com/",
        "",
    ],
)
def test_nothing_but_the_studio_is_opened(studio: str, shown: View) -> None:
    """Anybody who runs a pipeline can write any address."""
    assert shown.call("studioAddress", studio) is None


def test_one_goes_from_failure_to_failure_and_back_to_the_table(shown: View) -> None:
    """A passed notebook between two failing ones is passed by."""
    shown.show(_recording(*FILES), SUMS)

    shown.tab.click("text=Next failing")
    expect(shown.tab.locator("h1")).to_have_text("last.ipynb")
    expect(shown.tab.locator("h1")).to_be_focused()
    expect(shown.tab.locator("text=Next failing")).to_be_disabled()
    shown.tab.click("text=Previous failing")
    shown.tab.click("text=Previous failing")
    expect(shown.tab.locator("h1")).to_have_text("first.ipynb")
    shown.tab.click("text=All notebooks")

    assert shown.call("place")["notebook"] == ""


@pytest.mark.parametrize(
    ("outcome", "files", "sentence"),
    [
        (None, (), "It is still running; its page comes when it has finished."),
        (Outcome.NOT_RUN, (), "It was not run, so there is nothing to show."),
        (Outcome.PASSED, (), "It left no page."),
        (Outcome.PASSED, (page_file("late.html"),), "Its page is still on its way from the agent."),
        (Outcome.PASSED, (page_file("", 80_000_000),), "Its page is too large for an attachment."),
    ],
)
def test_a_notebook_without_a_page_says_why(
    outcome: Outcome | None, files: tuple[TabFile, ...], sentence: str, shown: View
) -> None:
    shown.show(_recording(*files, outcome=outcome), SUMS)

    expect(shown.tab.locator(".frame-place")).to_contain_text(sentence)


def test_a_page_that_cannot_be_read_is_tried_again(shown: View) -> None:
    shown.call("show", _recording(*FILES), SUMS, {}, "sums.html")
    expect(shown.tab.get_by_role("alert")).to_contain_text("The service did not answer: try again in a minute.")

    shown.call("works")
    shown.tab.get_by_role("button", name="Try again").click()

    expect(shown.notebook.locator(".failure .error")).to_be_in_viewport()


def test_a_look_at_the_run_does_not_load_the_page_again(shown: View) -> None:
    """While the run goes on its results are read again and again; whoever reads a page stays where they are."""
    shown.show(_recording(*FILES), SUMS, cell="cell-41")
    frame = shown.notebook
    expect(frame.locator("#cell-41")).to_be_in_viewport()
    frame.evaluate("document.body.dataset.same = 'yes'")

    shown.call("look")

    assert frame.evaluate("document.body.dataset.same") == "yes"
    assert shown.call("read").count("sums.html") == 1


def test_a_large_page_is_shown_when_it_is_asked_for(shown: View) -> None:
    """Its size is known before it is read."""
    shown.show(_recording(page_file("sums.html", 50_000_000), FILES[1]), SUMS)
    expect(shown.tab.locator(".frame-place")).to_contain_text("This notebook's page is large: 50 MB.")
    assert "sums.html" not in shown.call("read")

    shown.tab.click("text=Show it")

    expect(shown.notebook.locator(".failure .error")).to_be_in_viewport()


@pytest.mark.long
def test_a_page_of_50_mb_leaves_the_tab_alive(shown: View) -> None:
    """While it comes the tab goes on answering; its notebook, as large, is saved unread."""
    head, _, rest = _page(1).decode().partition("<main>")
    cell, _, end = rest.partition("</article>")
    again = f"{cell}</article>".replace('id="cell-0"', "")
    times = 50_000_000 // len(again)
    recorded = _recording(page_file("sums.html", 50_000_000), notebook_file("sums.ipynb", 50_000_000))
    recorded["runs"][0]["files"] |= {
        "sums.html": f"{head}<main>\0{times}\0{again}",
        "sums.ipynb": f"{end}\0{times}\0{again}",
    }
    shown.show(recorded, SUMS)
    shown.tab.evaluate(
        "() => {let last = performance.now(); window.pauses = [];"
        "setInterval(() => {const now = performance.now(); pauses.push(now - last); last = now}, 10)}"
    )

    shown.tab.click("text=Show it")
    frame = shown.notebook
    while frame.evaluate("document.querySelectorAll('article').length") < times:
        shown.page.wait_for_timeout(200)
    longest, whole = shown.tab.evaluate("[Math.max(...pauses), pauses.reduce((sum, pause) => sum + pause)]")
    with shown.page.expect_download() as download:
        shown.tab.click("text=Download notebook (50 MB)")

    assert longest < whole / 2
    assert Path(download.value.path()).stat().st_size > 49_000_000


def test_a_figure_fills_the_window_by_key_and_goes_back(shown: View) -> None:
    figure = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'/>"
    zoom = f'<details class="zoom"><summary><img class="figure" src="{figure}"></summary></details>'
    page = re.sub(r'(<article id="cell-3"[^>]*>)', rf'\1<div class="outputs">{zoom}</div>', _page().decode())
    recorded = _recording(*FILES)
    recorded["runs"][0]["files"] |= recording(Run(7, (), files={"sums.html": page.encode()}))["runs"][0]["files"]
    shown.show(recorded, SUMS, cell="cell-3")
    image = shown.notebook.locator(".zoom img")
    image.wait_for()
    assert image.bounding_box()["width"] == 40  # type: ignore[index]

    shown.notebook.focus(".zoom summary")
    shown.page.keyboard.press("Enter")
    assert image.bounding_box()["width"] > 1000  # type: ignore[index]
    shown.page.keyboard.press("Enter")

    assert image.bounding_box()["width"] == 40  # type: ignore[index]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_view_is_accessible(scheme: str, shown: View) -> None:
    """Axe finds no violation in either theme; the two views are chosen by arrow keys."""
    shown.tab.evaluate(f"document.documentElement.style.colorScheme = '{scheme}'")
    shown.show(_recording(*FILES, owner="ada", studio="https://ml.azure.com/runs/x"), SUMS)
    shown.notebook.wait_for_selector(".failure")

    found = shown.tab.evaluate(
        "axe.run(document, {iframes: false}).then(({violations}) => violations.map(v => v.help))"
    )
    shown.tab.focus("#notebook-tab-page")
    shown.page.keyboard.press("ArrowRight")

    assert found == []
    expect(shown.tab.locator("#notebook-tab-changes")).to_be_focused()
    assert shown.call("place")["view"] == "changes"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_itself_is_accessible(scheme: Literal["light", "dark"], driven_browser: Browser) -> None:
    context = driven_browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.set_content(_page(3).decode())
    page.add_script_tag(path=AXE)

    assert page.evaluate(VIOLATIONS) == []
    context.close()
