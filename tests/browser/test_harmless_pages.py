"""What a notebook holds cannot act in the page that shows it (hostile/h1, s65, and every real notebook)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from amltasks.errors import UserError
from amltasks.notebooks.reading import read_notebook
from amltasks.report.html_file import add_page
from amltasks.report.model import NotebookResult, Outcome
from amltasks.report.page import render_page
from tests.browser.chromium import Page
from tests.browser.inspection import dangers
from tests.notebooks.running import notebook_python, run_notebook

pytestmark = pytest.mark.xdist_group("browser")

OpenPage = Callable[..., Page]
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def _stored(source: Path) -> str:
    """The page of a notebook with the outputs that its file holds."""
    result = NotebookResult(run_id="stored", notebook=source.name, outcome=Outcome.PASSED)
    return render_page(result, read_notebook(source))


def _without_policy(page: str) -> str:
    """The page with nothing but the sanitiser between it and its reader."""
    bare, count = POLICY.subn("", page)
    assert count == 1
    return bare


@pytest.fixture(scope="module")
def live_page(notebooks: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of h1 after a run in which every payload was put out again and the last cell raised."""
    if not Path(notebook_python()).exists():
        pytest.skip(f"no interpreter for notebooks: {notebook_python()}")
    source = notebooks / "hostile" / "h1_markup_injection.ipynb"
    ran = run_notebook(source, tmp_path_factory.mktemp("h1"), parameters={"fail": True})
    page = add_page(ran.result).artefacts[-1]
    assert ran.result.outcome is Outcome.FAILED
    return page.path.read_text(encoding="utf-8")


def test_the_browser_sees_what_hostile_markup_does_when_nothing_holds_it_back(
    open_page: OpenPage, tmp_path: Path
) -> None:
    """The other tests here mean something: the same payloads, put into a page as they are, act and are seen."""
    page = tmp_path / "raw.html"
    page.write_text(
        "<script>alert('one')</script><img src=x onerror=\"alert('two')\">"
        "<details open ontoggle=\"alert('three')\">x</details><link rel=stylesheet href=http://127.0.0.1:9/l.css>"
    )

    seen = open_page().open(page, settle=0.5)

    assert set(seen.dialogs) == {"one", "two", "three"}
    assert "http://127.0.0.1:9/l.css" in seen.requests
    assert seen.scripts
    assert dangers(page.read_text())


@pytest.mark.parametrize("defence", ["as it is", "without its policy"])
@pytest.mark.parametrize("kind", ["stored", "live"])
def test_hostile_markup_does_nothing(
    kind: str,
    defence: str,
    notebooks: Path,
    request: pytest.FixtureRequest,
    open_page: OpenPage,
    tmp_path: Path,
) -> None:
    """No script, no dialog, no request, also where a viewer ignores the page's content security policy."""
    if kind == "live":
        html: str = request.getfixturevalue("live_page")
    else:
        html = _stored(notebooks / "hostile" / "h1_markup_injection.ipynb")
    page = tmp_path / "page.html"
    page.write_text(html if defence == "as it is" else _without_policy(html), encoding="utf-8")

    seen = open_page().open(page, settle=0.5)

    assert (seen.scripts, seen.dialogs, seen.requests) == ([], [], [])
    assert dangers(html) == []


def test_the_text_of_hostile_markup_stays_readable(live_page: str, open_page: OpenPage, tmp_path: Path) -> None:
    """Markup is shown as the text it is, and the styles that would hide the page are gone."""
    page = tmp_path / "page.html"
    page.write_text(live_page, encoding="utf-8")
    tab = open_page()
    tab.open(page)

    text = tab.evaluate("document.body.innerText")

    for expected in (
        "<script>alert('HOSTILE-live-ename')</script>",
        "alert('HOSTILE-live-evalue')",
        "<script>alert('HOSTILE-live-stream')</script>",
        "<script>alert('HOSTILE-live-repr')</script>",
        "HOSTILE-heading",
        "HOSTILE-link",
        "https://hostile.invalid/pixel.gif",
    ):
        assert expected in text


def test_injected_styles_and_scripts_of_a_real_attack_stay_out(
    notebooks: Path, open_page: OpenPage, tmp_path: Path
) -> None:
    """s65 hides the page's chrome by a style sheet and clicks by script: neither is left."""
    source = next((notebooks / "s65-lab-css-js-injection").rglob("*.ipynb"))
    html = _without_policy(_stored(source))
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")

    seen = open_page().open(page)

    assert (seen.scripts, seen.dialogs, seen.requests) == ([], [], [])
    assert dangers(html) == []


def test_every_notebook_becomes_a_page_that_does_nothing(notebooks: Path, open_page: OpenPage, tmp_path: Path) -> None:
    """Each notebook that can be read, with its stored outputs: no script, no request, and something to read."""
    tab, shown = open_page(), 0
    for source in sorted(notebooks.rglob("*.ipynb")):
        try:
            html = _stored(source)
        except UserError:
            continue  # not a notebook: there is no page to look at
        page = tmp_path / "page.html"
        page.write_text(_without_policy(html), encoding="utf-8")

        seen = tab.open(page, settle=0)

        assert (source.name, seen.scripts, seen.dialogs, seen.requests) == (source.name, [], [], [])
        assert (source.name, dangers(html)) == (source.name, [])
        assert tab.evaluate("document.querySelectorAll('main article').length") > 0
        shown += 1
    assert shown > 40
