"""The web page: everything that ran can be looked at, and nothing of it can do harm."""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest

from sandbox.devops.build.documents import Build, RecordType
from sandbox.devops.test.models import Result, Run, RunCreate, RunUpdate, ShallowReference, SubResult
from sandbox.pages.markup import LogLine, log_lines, markdown
from sandbox.world import World
from tests.sandbox.services.http_client import Client

HOSTILE = "<script>document.title = 'pwned'</script><img src=x onerror=alert(1)>"
ATTACHED_PAGE = b"<p id='text'>calm</p><script>document.getElementById('text').textContent = 'script ran'</script>"


class Links(HTMLParser):
    """Addresses in a page, by the text that one clicks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self._open: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        named = dict(attrs)
        assert not any(name.startswith("on") for name in named)
        if tag == "a":
            self._open = named["href"]
            self.found.append((named["href"] or "", ""))
        elif tag in ("img", "iframe"):
            self.found.append((named["src"] or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            address, text = self.found[-1]
            self.found[-1] = (address, text + data)

    def of(self, text: str) -> str:
        return next(address for address, clicked in self.found if text in clicked)


@pytest.fixture
def failed(world: World, build: Build) -> Run:
    """A build whose notebooks ran, one of them failing in its second cell, with everything that can be attached."""
    job = world.builds.record(build.id, type="Job", name="Job", ref_name="job", parent=None, order=1)
    task = world.builds.record(build.id, type="Task", name="Run notebooks", ref_name="r", parent=job.id, order=1)
    world.builds.log(build.id, task.id, ["##[group]a", f"in group {HOSTILE}", "##[endgroup]", "##[error]boom"])
    world.builds.issue(build.id, task.id, "error", f"boom {HOSTILE}")
    world.builds.attach(build.id, task.id, "Distributedtask.Core.Summary", "s.md", f"# All\n\n{HOSTILE}".encode())
    world.builds.attach(build.id, task.id, "amltasks.report", "page 1.html", ATTACHED_PAGE)
    world.builds.artifact(build.id, "results", {"a b/executed.ipynb": b"{}"})
    run = world.tests.create(
        RunCreate(name=f"Notebooks {HOSTILE}", automated=True, build=ShallowReference(id=str(build.id))), "me"
    )
    cells = (
        SubResult(display_name="Load", outcome="Passed"),
        SubResult(
            display_name=f"Fit: model.fit() {HOSTILE}",
            outcome="Failed",
            error_message="ValueError: no number",
            stack_trace="Traceback: line 2",
        ),
    )
    good = Result(test_case_title="good.ipynb", automated_test_name="g", outcome="Passed", state="Completed")
    bad = Result(
        test_case_title="bad.ipynb",
        automated_test_name="b",
        outcome="Failed",
        state="Completed",
        error_message="Cell 2 raised ValueError",
        result_group_type="generic",
        sub_results=cells,
    )
    world.tests.add_results(run.id, [good, bad], "me")
    files = {
        "page.html": ATTACHED_PAGE,
        "executed.ipynb": b"{}",
        "console.log": HOSTILE.encode(),
        "plot.svg": b"<svg/>",
        "data.bin": bytes(9),
    }
    for name, content in files.items():
        world.tests.attach(run.id, content, file_name=name, type="GeneralAttachment", comment=None, result_id=100001)
    world.tests.attach(
        run.id, b"x", file_name="cell.txt", type="ConsoleLog", comment="of a cell", result_id=100001, sub_result_id=2
    )
    world.tests.attach(run.id, b"x", file_name="run.txt", type="GeneralAttachment", comment=None)
    world.builds.finish(build.id, "failed")
    return world.tests.update(run.id, RunUpdate(state="Completed"), "me")


def test_the_failing_cell_is_three_clicks_away(client: Client, failed: Run) -> None:
    """From all builds to the build, to its tests, to the notebook that failed."""
    assert failed.id == 1
    address = "/"
    for click in ("#2", "Tests", "bad.ipynb"):
        address = Links(client.call("GET", address).text).of(click)
    page = client.call("GET", address).text

    opened = page.partition('<details class="step" open>')[2]
    assert "Fit: model.fit()" in opened
    assert "ValueError: no number" in opened
    assert "Traceback: line 2" in opened


def test_what_failed_comes_first_and_names_its_cell(client: Client, failed: Run) -> None:
    page = client.call("GET", f"/runs/{failed.id}").text

    assert page.index("bad.ipynb") < page.index("in Fit: model.fit()") < page.index("good.ipynb")


def test_every_link_opens_and_no_page_holds_a_script(client: Client, failed: Run) -> None:
    """Links of links, without a token."""
    seen, waiting = {"/"}, deque(["/"])
    while waiting:
        address = waiting.popleft()
        answer = client.call("GET", address, headers={"Authorization": ""})
        assert answer.status_code == 200, address
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        if "sandbox" in answer.headers["Content-Security-Policy"]:
            continue
        links = Links(answer.text)
        assert "script" not in links.tags
        found = {urljoin(address, link) for link, _ in links.found} - seen
        seen |= found
        waiting.extend(found)

    assert failed.id == 1
    assert len([address for address in seen if "/attachments/" in address]) == 9
    assert any("/artifacts/" in address for address in seen)


def test_a_file_is_served_as_what_it_is_and_may_do_nothing(client: Client, failed: Run) -> None:
    def media_type(number: int, name: str) -> str:
        answer = client.call("GET", f"/runs/{failed.id}/attachments/{number}/{name}")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return answer.headers["Content-Type"] + answer.headers.get("Content-Disposition", "")[:10]

    assert media_type(1, "page.html") == "text/html; charset=utf-8"
    assert media_type(2, "executed.ipynb").endswith("attachment")
    assert media_type(3, "console.log") == "text/plain; charset=utf-8"
    assert media_type(4, "plot.svg") == "image/svg+xml"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_runs_no_script_of_an_attachment(client: Client, failed: Run, tmp_path: Path) -> None:
    address = f"{client.server.base_url}/runs/{failed.id}/attachments/1/page.html"
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path}",
        "--dump-dom",
    ]

    seen = subprocess.run(["chromium", *options, address], capture_output=True, text=True, timeout=60, check=True)

    assert "calm</p>" in seen.stdout


def test_the_addresses_of_azure_devops_lead_to_the_same_pages(client: Client, failed: Run, build: Build) -> None:
    assert build.id == failed.id == 1
    led = {
        path: client.call("GET", f"/sandbox/demo/{path}").headers["Location"]
        for path in (
            "_build/results?buildId=1",
            "_build/results?buildId=1&view=ms.vss-test-web.build-test-results-tab",
            "_TestManagement/Runs?runId=1&_a=runCharts",
            "_TestManagement/Runs?runId=1&resultId=100001&_a=resultSummary",
        )
    }

    assert list(led.values()) == ["/builds/1", "/builds/1/tests", "/runs/1", "/runs/1/results/100001"]


@pytest.mark.parametrize("path", ["/builds/9", "/builds/x", "/runs/9", "/builds/1/logs/9", "/runs/1/results/5"])
def test_what_is_not_there_is_told_on_a_page(client: Client, failed: Run, path: str) -> None:
    answer = client.call("GET", path)

    assert failed.id == 1
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_jobs_of_a_phase_take_its_place_and_a_phase_without_jobs_is_shown(
    world: World, client: Client, build: Build
) -> None:
    def add(kind: RecordType, name: str, parent: str | None) -> str:
        return world.builds.record(build.id, type=kind, name=name, ref_name=name, parent=parent, order=1).id

    stage = add("Stage", "The stage", None)
    add("Job", "The job", add("Phase", "The phase", stage))
    add("Phase", "Never started", stage)

    page = client.call("GET", f"/builds/{build.id}").text

    assert [name in page for name in ("The stage", "The job", "The phase", "Never started")] == [
        True,
        True,
        False,
        True,
    ]


def test_a_build_in_progress_shows_itself_anew(world: World, client: Client, build: Build) -> None:
    running = client.call("GET", f"/builds/{build.id}").text
    world.builds.finish(build.id, "succeeded")

    assert 'http-equiv="refresh"' in running
    assert 'http-equiv="refresh"' not in client.call("GET", f"/builds/{build.id}").text


def test_markdown_has_tables_and_shows_html_as_text() -> None:
    shown = markdown(f"| a |\n|---|\n| **b** |\n\n{HOSTILE}\n\n[x](javascript:alert(1))")

    assert "<td><strong>b</strong></td>" in shown
    assert "<script" not in shown
    assert "<img" not in shown
    assert "href" not in shown


def test_groups_of_a_log_nest_and_an_open_one_ends_with_the_log() -> None:
    lines = [
        "2026-01-01T10:00:00.1234567Z ##[group]outer",
        "##[group]inner",
        "##[error]\x1b[31mboom\x1b[0m",
        "##[endgroup]",
        "back",
        "##[endgroup]",
        "##[endgroup]",
        "##[group]last",
        "end",
    ]

    outer, last = log_lines(lines)

    assert (outer.time, outer.text, outer.has_errors) == ("10:00:00", "outer", True)
    assert outer.inside[0].inside == [LogLine(3, "", "error", "boom")]
    assert [line.text for line in outer.inside] == ["inner", "back"]
    assert [line.text for line in last.inside] == ["end"]
