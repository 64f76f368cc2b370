"""The sandbox's page around an extension: what azure-devops-extension-sdk, unmodified, finds there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Frame, Page

from sandbox.devops.build.documents import Build
from tests.sandbox.hosting import packages
from tests.sandbox.hosting.conftest import KIND, Scene, build_with_step

pytestmark = pytest.mark.xdist_group("hosting")

Opened = Callable[[str], Frame]


def test_a_tab_is_offered_only_to_builds_with_a_step_of_a_task_that_it_supports(scene: Scene) -> None:
    def offered(build: Build) -> list[str]:
        page = requests.get(f"{scene.server.base_url}/builds/{build.id}", timeout=30).text
        return re.findall(r"view=acme\.probe\.(\w+)", page)

    assert offered(scene.build) == ["results", "silent"]
    assert offered(scene.other) == ["silent"]
    assert "This page has no tab acme.probe.results." in requests.get(scene.tab(build=scene.other), timeout=30).text


def test_the_frame_has_an_opaque_origin_and_learns_its_context(scene: Scene, frame: Frame) -> None:
    learned = frame.evaluate(
        """() => { const { SDK } = probe; return {
            origin: window.origin, contribution: SDK.getContributionId(), extension: SDK.getExtensionContext(),
            project: SDK.getWebContext().project, host: SDK.getHost(), user: SDK.getUser().displayName,
        } }"""
    )
    world = scene.world
    assert learned["origin"] == "null"
    assert learned["contribution"] == "acme.probe.results"
    assert learned["extension"]["id"] == "acme.probe"
    assert learned["extension"]["version"] == "1.2.3"
    assert frame.url.startswith(f"{learned['extension']['baseUri']}/page/")
    assert frame.url.startswith(f"http://acme.gallerycdn.localhost:{scene.port}/")
    assert learned["project"] == {"id": world.project.id, "name": world.project.name}
    assert (learned["host"]["name"], learned["host"]["isHosted"]) == ("sandbox", True)
    assert learned["user"] == "Sandbox User"


def test_the_build_is_told_by_the_service_and_by_the_configuration(scene: Scene, frame: Frame) -> None:
    data = frame.evaluate(
        """async () => {
            const service = await probe.SDK.getService("ms.vss-build-web.build-page-data-service");
            const { build, definition } = await service.getBuildPageData();
            return { id: build.id, result: build.result, time: build.startTime instanceof Date, name: definition.name };
        }"""
    )
    assert data == {"id": scene.build.id, "result": 4, "time": True, "name": "ci"}
    assert frame.evaluate("probe.builds.map((build) => build.id)") == [scene.build.id]


def test_a_running_build_is_told_anew_until_it_is_completed(scene: Scene, opened: Opened) -> None:
    running, _ = build_with_step(scene.world, packages.TASK)
    frame = opened(scene.tab(build=running))
    frame.wait_for_function("probe.builds.at(-1)?.status === 1")
    scene.world.builds.finish(running.id, "failed")
    frame.wait_for_function("probe.builds.at(-1)?.status === 2 && probe.builds.at(-1)?.result === 8")


def test_a_page_that_never_says_that_it_has_loaded_is_named(scene: Scene, page: Page) -> None:
    page.add_init_script("const wait = setTimeout; globalThis.setTimeout = (then, ms) => wait(then, ms / 50)")
    page.goto(scene.tab("silent"))
    page.wait_for_selector("#loading[data-state=silent]")
    assert "neither notifyLoadSucceeded nor notifyLoadFailed came" in page.inner_text("#loading")


def test_a_page_that_fails_to_load_is_shown_with_its_reason(scene: Scene, page: Page, opened: Opened) -> None:
    frame = opened(scene.tab())
    frame.evaluate("probe.SDK.notifyLoadFailed(new Error('no index'))")
    page.wait_for_selector("#loading[data-state=failed]")
    assert page.inner_text("#loading") == "The extension failed to load: no index"


def test_the_real_address_shows_the_tab_and_keeps_what_the_extension_writes_into_it(
    scene: Scene, page: Page, opened: Opened
) -> None:
    address = f"{scene.server.collection_url}demo/_build/results?buildId={scene.build.id}&view=acme.probe.results"
    frame = opened(f"{address}&notebook=a.ipynb&theme=dark")
    navigation = 'const service = await probe.SDK.getService("ms.vss-features.host-navigation-service");'
    asked = frame.evaluate(f"async () => {{ {navigation} return service.getQueryParams() }}")
    assert asked == {
        "buildId": str(scene.build.id),
        "view": "acme.probe.results",
        "notebook": "a.ipynb",
        "theme": "dark",
    }
    assert frame.evaluate("probe.themes") == ["rgba(32, 31, 30, 1)"]
    frame.evaluate(
        f"async () => {{ {navigation} await service.setQueryParams({{ notebook: '', cell: '5' }});"
        "await service.replaceHash('top'); await service.setDocumentTitle('Cell 5'); }"
    )
    assert page.url == f"{address}&theme=dark&cell=5#top"
    assert page.title() == "Cell 5"
    page.reload()
    page.wait_for_selector("#loading[data-state=loaded]", state="attached")
    again = page.frame(name="extension")
    assert again is not None
    assert again.evaluate(f"async () => {{ {navigation} return (await service.getQueryParams()).cell }}") == "5"


@pytest.mark.parametrize(
    ("shape", "hosted"),
    [
        ("http://127.0.0.1:{port}/sandbox/", True),
        ("http://sandbox.visualstudio.localhost:{port}/", True),
        ("http://127.0.0.1:{port}/tfs/DefaultCollection/", False),
    ],
    ids=["dev.azure.com", "visualstudio.com", "server"],
)
def test_tab_and_clients_work_under_every_shape_of_addresses(
    scene: Scene, opened: Opened, shape: str, hosted: bool
) -> None:
    collection = shape.format(port=scene.port)
    frame = opened(f"{collection}demo/_build/results?buildId={scene.build.id}&view=acme.probe.results")
    found = frame.evaluate(
        """async ([build, kind]) => {
            const project = probe.SDK.getWebContext().project.id;
            const location = await probe.SDK.getService("ms.vss-features.location-service");
            const [attachment] = await probe.buildClient().getAttachments(project, build, kind);
            return [await location.getServiceLocation(), attachment._links.self.href, probe.SDK.getHost().isHosted];
        }""",
        [scene.build.id, "acme.results"],
    )
    place = f"{scene.world.project.id}/_apis/build/builds/{scene.build.id}/{scene.build.timeline_id}/{scene.step.id}"
    assert found == [collection, f"{collection}{place}/attachments/acme.results/index.json", hosted]


def test_themes_come_with_the_hand_shake_and_change_with_the_system_or_by_choice(
    scene: Scene, page: Page, opened: Opened
) -> None:
    frame = opened(scene.tab())
    page.emulate_media(color_scheme="dark")
    frame.wait_for_function("probe.themes.length === 2")
    page.select_option("#theme", "contrast")
    frame.wait_for_function("probe.themes.length === 3")
    light, dark, contrast = "rgba(255, 255, 255, 1)", "rgba(32, 31, 30, 1)", "rgba(0, 0, 0, 1)"
    assert frame.evaluate("probe.themes") == [light, dark, contrast]
    colour = "getComputedStyle(document.documentElement).getPropertyValue('--background-color').trim()"
    assert frame.evaluate(colour) == contrast


def test_only_addressable_files_are_served(scene: Scene, frame: Frame) -> None:
    base = urlsplit(frame.evaluate("probe.SDK.getExtensionContext().baseUri"))

    def served(path: str) -> tuple[Any, ...]:
        address = f"{scene.server.base_url}{base.path}/{path}"  # by the host's name, which not every resolver knows
        answer = requests.get(address, headers={"Host": base.netloc}, timeout=30)
        return answer.status_code, answer.headers["content-type"], answer.headers.get("cache-control")

    script = (200, "application/javascript; charset=utf-8", "public, max-age=31536000, immutable")
    assert served("page/probe.js") == script
    assert served("secret.txt") == (404, "text/plain; charset=utf-8", None)
    assert served("extension.vsomanifest") == (404, "text/plain; charset=utf-8", None)


def test_a_test_results_details_have_a_tab_that_is_told_which_result_it_shows(
    scene: Scene, page: Page, opened: Opened, run_id: int
) -> None:
    page.goto(f"{scene.server.base_url}/runs/{run_id}/results/100000")
    assert page.locator("nav a").all_inner_texts() == ["Details", "Result"]
    address = page.locator("nav a").last.get_attribute("href")
    assert address is not None
    told = opened(address).evaluate(
        "(({ runId, resultId, viewContext }) => [runId, resultId, viewContext.data.mainData.project.id])"
        "(probe.SDK.getConfiguration())"
    )
    assert told == [run_id, 100000, scene.world.project.id]


def test_a_release_has_a_tab_that_reads_what_its_deployments_attached(scene: Scene, page: Page, opened: Opened) -> None:
    running, step = build_with_step(scene.world, packages.TASK)
    scene.world.builds.attach(running.id, step.id, KIND, "index.json", b"of the second attempt")
    release = scene.world.releases.record("ship", {"qa": [scene.build, running], "prod": []}, artifact=scene.build)
    page.goto(f"{scene.server.collection_url}demo/_release?releaseId={release.id}&_a=release-summary")
    assert page.locator("nav a").all_inner_texts() == ["Summary", "Release"]
    address = page.locator("nav a").last.get_attribute("href")
    assert address is not None
    frame = opened(address)
    frame.wait_for_function("probe.releases.length > 0")
    told = "probe.releases.at(-1).environments.map(({ name, status }) => [name, status])"
    assert frame.evaluate(told) == [["qa", 2], ["prod", 1]]
    read = frame.evaluate(
        """async ([id, kind]) => {
            const project = probe.SDK.getWebContext().project.id;
            const client = probe.releaseClient();
            const { environments, artifacts, createdOn } = await client.getRelease(project, id);
            const { id: stage, deploySteps } = environments[0];
            const { attempt, releaseDeployPhases: [{ runPlanId: plan }] } = deploySteps[1];
            const [file] = await client.getReleaseTaskAttachments(project, id, stage, attempt, plan, kind);
            const content = await client.getReleaseTaskAttachmentContent(project, id, stage, attempt, plan,
                file.timelineId, file.recordId, kind, file.name);
            const found = await client.getReleases(project, 1, undefined, undefined, undefined, undefined, undefined,
                undefined, new Date(), 0, 5, undefined, 4, undefined, undefined, undefined, "refs/heads/main");
            return [createdOn instanceof Date, artifacts[0].definitionReference.branch.id, file.name,
                new TextDecoder().decode(content), found.map(({ id, environments }) => [id, environments])];
        }""",
        [release.id, KIND],
    )
    assert read == [True, "refs/heads/main", "index.json", "of the second attempt", [[release.id, None]]]
    scene.world.builds.finish(running.id, "failed")
    frame.wait_for_function("probe.releases.at(-1).environments[0].status === 16")
