"""One browser, and a sandbox with an extension installed and a build to show, for all tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page

from sandbox.devops.build.documents import Build, Record
from sandbox.devops.test.models import Result, RunCreate, ShallowReference, SubResult
from sandbox.extensions import BUILD_TAB, BUILD_VIEW, RELEASE_TAB, RELEASE_VIEW, TAB, TEST_RESULT_VIEW
from sandbox.server import Server
from sandbox.world import World
from tests.sandbox.hosting import packages

KIND = "acme.results"  # of the build's attachment
OTHER_TASK = "99999999-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Scene:
    """A build with a step of the extension's task, which has an attachment, and a build without such a step."""

    world: World
    server: Server
    build: Build
    step: Record
    other: Build

    @property
    def port(self) -> str:
        return self.server.base_url.rpartition(":")[2]

    def tab(self, name: str = "results", build: Build | None = None) -> str:
        return f"{self.server.base_url}/builds/{(build or self.build).id}/tabs/{packages.IDENTITY}.{name}"


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not (packages.ROOT / "node_modules" / "azure-devops-extension-sdk").is_dir():
        pytest.skip("azure-devops-extension-sdk is not installed")
    return packages.bundle(tmp_path_factory.mktemp("probe") / "probe.js")


@pytest.fixture(scope="session")
def package(probe: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tabs = [
        packages.tab("results", BUILD_VIEW, BUILD_TAB, tasks=[packages.TASK.upper()]),
        packages.tab("silent", BUILD_VIEW, BUILD_TAB, uri="page/probe.html?silent"),
        packages.tab("elsewhere", BUILD_VIEW, BUILD_TAB, tasks=[OTHER_TASK]),
        packages.tab("result", TEST_RESULT_VIEW, TAB),
        packages.tab("release", RELEASE_VIEW, RELEASE_TAB),
    ]
    scopes = ["vso.build", "vso.test", "vso.release"]
    return packages.pack(tmp_path_factory.mktemp("package") / "probe.vsix", tabs, scopes, probe)


@pytest.fixture(scope="session")
def scene(package: Path) -> Iterator[Scene]:
    world = World.open()
    world.extensions.install(package)
    build, step = build_with_step(world, packages.TASK)
    world.builds.attach(build.id, step.id, KIND, "index.json", b'{"ok": true}')
    world.builds.finish(build.id, "partiallySucceeded")
    other, _ = build_with_step(world, "12345678-2222-3333-4444-555555555555")
    with Server(world) as server:
        yield Scene(world, server, build, step, other)
    world.close()


def build_with_step(world: World, task: str) -> tuple[Build, Record]:
    build = world.builds.create("ci", source_branch="refs/heads/main", source_version="f" * 40, repository="demo")
    reference = {"id": task, "name": "Probe", "version": "1.0.0"}
    step = world.builds.record(
        build.id, type="Task", name="Probe", ref_name="probe", parent=None, order=1, task=reference
    )
    return build, step


@pytest.fixture(scope="session")
def run_id(scene: Scene) -> int:
    """A test run of the build with one result, its sub-result and an attachment."""
    tests = scene.world.tests
    build = ShallowReference(id=str(scene.build.id))
    run = tests.create(RunCreate(name="Notebooks", automated=True, state="InProgress", build=build), "me")
    steps = (SubResult(display_name="cell", outcome="Failed", result_group_type="generic"),)
    result = Result(
        test_case_title="a.ipynb",
        automated_test_name="a",
        outcome="Failed",
        result_group_type="generic",
        sub_results=steps,
    )
    [added] = tests.add_results(run.id, [result], "me")
    tests.attach(
        run.id, b"said", file_name="a.log", type="ConsoleLog", comment=None, result_id=added.id or 0, sub_result_id=0
    )
    return run.id


@pytest.fixture
def context(driven_browser: Browser) -> Iterator[BrowserContext]:
    context = driven_browser.new_context(color_scheme="light")
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def opened(page: Page) -> Callable[[str], Frame]:
    """Open a tab's address; answers with the extension's own frame once it has loaded."""

    def open_tab(address: str) -> Frame:
        page.goto(address)
        page.wait_for_selector("#loading[data-state=loaded]", state="attached")
        frame = page.frame(name="extension")
        assert frame is not None
        return frame

    return open_tab


@pytest.fixture(scope="session")
def frame(scene: Scene, driven_browser: Browser) -> Frame:
    """The build's tab, loaded once, for tests that only ask. It goes with the browser."""
    page = driven_browser.new_context().new_page()
    page.goto(scene.tab())
    page.wait_for_selector("#loading[data-state=loaded]", state="attached")
    found = page.frame(name="extension")
    assert found is not None
    return found
