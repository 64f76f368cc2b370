"""A notebook's page does nothing in the tab, whoever wrote it: ours of hostile notebooks, and forged ones."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame

from amltasks.notebooks.reading import read_notebook
from amltasks.report.html_file import add_page
from amltasks.report.model import NotebookResult, Outcome
from amltasks.report.page import render_page
from tests.browser import chromium
from tests.notebooks.running import SHARED, notebook_python, run_notebook
from tests.tab.notebook_pages import Trap, View, built, page_file, serving, view
from tests.tab.recorded import Run, index, recording, result

pytestmark = pytest.mark.xdist_group("tab")

# Everything of HTML that loads, leads or runs; TRAP is where it would be heard. No name is ever resolved.
FORGED = """<!DOCTYPE html><html manifest="TRAP/manifest"><head><title>forged</title>
<meta http-equiv="refresh" content="0;url=TRAP/refresh"><meta http-equiv="x-dns-prefetch-control" content="on">
<meta http-equiv="Content-Security-Policy" content="default-src *"><base href="TRAP/base/" target="_top">
<link rel="dns-prefetch" href="//dns.hostile.invalid"><link rel="preconnect" href="TRAP"><LINK rel=prefetch href="TRAP">
<link rel="preload" as="image" href="TRAP/l"><link rel="modulepreload" href="TRAP/m">
<link rel="stylesheet" href="TRAP/s"><link rel="icon" href="TRAP/i">
<link rel="prerender" href="TRAP/p"><link/rel="preconnect"/href="TRAP">
<script type="speculationrules">{"prefetch": [{"urls": ["TRAP/speculated"]}]}</script>
<style>@import "TRAP/import"; @font-face {font-family: f; src: url(TRAP/font)}
body {font-family: f; background: url(TRAP/b); cursor: url(TRAP/c), auto} li {list-style-image: url(TRAP/li)}</style>
</head><body background="TRAP/body" onload="top.location='TRAP/onload'">
<script>parent.document.title = top.document.title = "pwned"; alert(1); fetch("TRAP/fetch")</script>
<img src="TRAP/img" srcset="TRAP/set 2x" onerror="alert(2)"><img src="x" onerror="alert(3)">
<iframe src="TRAP/iframe"></iframe><iframe srcdoc="<script>alert(4)</script><img src='TRAP/nested'>"></iframe>
<frameset><frame src="TRAP/frame"></frameset><fencedframe src="TRAP/ff"></fencedframe><portal src="TRAP/po"></portal>
<object data="TRAP/object"></object><embed src="TRAP/embed"><applet code="TRAP/applet"></applet>
<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image href="TRAP/svg"/><use href="TRAP/use#a"/>
<script href="TRAP/script"></script><a xlink:href="TRAP/a" href="TRAP/a2"><text y="9">svg</text></a>
<animate attributeName="href" values="javascript:alert(5)"/>
<foreignObject><iframe src="TRAP/fo"></iframe></foreignObject>
</svg><math href="TRAP/math" xlink:href="TRAP/xl"><mi href="TRAP/mi">maths</mi><annotation-xml encoding="text/html">
<iframe src="TRAP/am"></iframe></annotation-xml></math><video src="TRAP/v" poster="TRAP/po" autoplay></video>
<audio src="TRAP/audio" autoplay></audio><picture><source srcset="TRAP/source"><img></picture><bgsound src="TRAP/bg">
<form action="TRAP/form"><button>send</button><input type="image" src="TRAP/input" autofocus onfocus="alert(6)"></form>
<table background="TRAP/t"><tr><td background="TRAP/td" style="background: url(TRAP/style)">cell</td></tr></table>
<a href="TRAP/click">click</a> <A HREF = 'TRAP/click'>click</A> <a target="_self" href="TRAP/self">click</a>
<a href="#x" target="_top" ping="TRAP/ping">click</a> <a href="javascript:alert(7)">click</a>
<a href="#x" onclick="alert(8)">click</a> <a href="&#x68;ttp://127.0.0.1/">click</a> <a download href="TRAP/d">click</a>
<a/href="TRAP/slash">click</a> <a title="x>" href="TRAP/title">click</a> <a href="//anchor.hostile.invalid/">click</a>
<map name="m"><area href="TRAP/area" shape="default"></map>
<img usemap="#m" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<details open ontoggle="alert(9)"><summary>s</summary></details><marquee onstart="alert(10)">m</marquee><li>item</li>
<div><template shadowrootmode="open"><iframe src="TRAP/shadow"></iframe></template></div><noscript>
<iframe src="TRAP/ns"></iframe></noscript><![CDATA[<iframe src="TRAP/cdata"></iframe>]]>
<!-- --!><iframe src="TRAP/comment"></iframe>
<style><a title="</style><iframe src='TRAP/mutation'></iframe>"></style><xmp><iframe src="TRAP/xmp"></iframe></xmp>
<textarea><iframe src="TRAP/ta"></textarea><iframe src="TRAP/after"></iframe><?xml <iframe src="TRAP/pi"></iframe>?>
<p id="end">the end of it</p></body></html>"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(built(tmp_path_factory)) as address:
        yield address


@pytest.fixture
def trap() -> Iterator[Trap]:
    opened = Trap()
    yield opened
    opened.close()


def _show(opened: View, page: str, **place: str) -> Frame:
    name = "hostile.ipynb"
    row = result(name, files=(page_file("page.html"),))
    opened.show(recording(Run(7, (index([row]),), files={"page.html": page.encode()})), name, **place)
    frame = opened.notebook
    frame.wait_for_function("() => document.readyState === 'complete'", timeout=60_000)
    return frame


def _assert_quiet(opened: View, page: str, **place: str) -> Frame:
    """Shown, it runs nothing, opens nothing, leads nowhere, and asks for nothing."""
    session = opened.page.context.new_cdp_session(opened.page)
    scripts: list[Any] = []
    asked: list[str] = []
    session.on("Debugger.scriptParsed", lambda event: scripts.append(event["url"]))
    for domain in ("Debugger", "Network"):
        session.send(f"{domain}.enable")
    scripts.clear()  # of the tab itself
    before = (opened.page.title(), opened.page.url, opened.tab.url)
    session.on("Network.responseReceived", lambda event: asked.append(event["response"]["url"]))

    frame = _show(opened, page, **place)

    session.detach()
    of_the_page = [url for url in scripts if url and "pptr" not in url]
    assert (opened.log, of_the_page) == ([], [])
    assert [url for url in asked if not url.startswith("data:")] == []
    assert (opened.page.title(), opened.page.url, opened.tab.url) == before
    assert len(opened.page.frames) == 3
    assert frame.url.startswith("about:srcdoc")
    return frame


def test_the_trap_hears_a_forged_page_that_nothing_holds_back(driven_browser: Browser, trap: Trap) -> None:
    """The other tests here mean something."""
    page = driven_browser.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.set_content("<title>bare</title>")

    page.evaluate(
        "html => document.body.append(Object.assign(document.createElement('iframe'), {srcdoc: html}))",
        f'<iframe src="http://127.0.0.1:{trap.port}/"></iframe>',
    )
    for _ in range(200):
        if trap.visitors:
            break
        page.wait_for_timeout(50)

    assert trap.visitors
    page.close()


def test_a_forged_page_does_nothing(driven_browser: Browser, address: str, trap: Trap, tmp_path: Path) -> None:
    """Neither when it is shown nor when somebody clicks whatever there is to click; by the browser's own log, too."""
    log = tmp_path / "network.json"
    logged = driven_browser.browser_type.launch(
        executable_path=chromium.find(), args=["--no-sandbox", f"--log-net-log={log}"]
    )
    with view(logged, address) as opened:
        frame = _assert_quiet(opened, FORGED.replace("TRAP", f"http://127.0.0.1:{trap.port}"), cell="cell-5")
        assert "the end of it" in frame.inner_text("body")
        for link in frame.locator("a, button, area, summary, math, mi, svg").all():
            link.dispatch_event("click")
            if link.is_visible():
                link.click(force=True)
        opened.tab.evaluate("1")
        assert opened.notebook.inner_text("#end") == "the end of it"
        assert len(opened.page.frames) == 3
        assert opened.log == []
    logged.close()
    network = log.read_text(encoding="utf-8")
    assert address.partition("//")[2] in network
    assert f":{trap.port}" not in network
    assert "hostile.invalid" not in network
    assert trap.visitors == 0


def test_nesting_breaks_nothing(driven_browser: Browser, address: str) -> None:
    """The text is there, and so is the tab around it."""
    with view(driven_browser, address) as opened:
        for nested in ("<iframe srcdoc='", "<b><p>", "<div>" * 20):
            frame = _assert_quiet(opened, nested * 200 + "deep")

            assert "deep" in (frame.text_content("body") or "")
            opened.tab.click("text=What changed")


def _stored(source: Path) -> str:
    stored = NotebookResult(run_id="stored", notebook=source.name, outcome=Outcome.PASSED)
    return render_page(stored, read_notebook(source))


HOSTILE = sorted((SHARED / "hostile").glob("*.ipynb"))


@pytest.mark.skipif(not HOSTILE, reason="the notebooks to test with are not here")
def test_the_pages_of_hostile_notebooks_do_nothing(driven_browser: Browser, address: str) -> None:
    """Their stored outputs as our own page shows them: quiet, and readable."""
    sources = [*HOSTILE, next((SHARED / "s65-lab-css-js-injection").rglob("*.ipynb"))]
    with view(driven_browser, address) as opened:
        for source in sources:
            frame = _assert_quiet(opened, _stored(source))
            assert frame.locator("main article").count() > 0


@pytest.mark.long
@pytest.mark.skipif(not HOSTILE, reason="the notebooks to test with are not here")
@pytest.mark.parametrize("source", HOSTILE, ids=lambda source: source.stem)
def test_the_pages_of_executed_hostile_notebooks_do_nothing(
    source: Path, driven_browser: Browser, address: str, tmp_path: Path
) -> None:
    if not Path(notebook_python()).exists():
        pytest.skip(f"no interpreter for notebooks: {notebook_python()}")
    with ThreadPoolExecutor() as apart:  # the browser's loop runs in this thread
        ran = apart.submit(run_notebook, source, tmp_path).result()
    page = add_page(ran.result).artefacts[-1].path.read_text(encoding="utf-8")
    with view(driven_browser, address) as opened:
        frame = _assert_quiet(opened, page)

        assert frame.locator("main article").count() > 0
