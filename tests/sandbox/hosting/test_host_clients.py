"""The REST clients of azure-devops-extension-api, unmodified, in an extension's frame: dialect, origin and scopes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Frame

from tests.sandbox.hosting.conftest import KIND, Scene

pytestmark = pytest.mark.xdist_group("hosting")


def ask(frame: Frame, expression: str, *values: Any) -> Any:
    """The value of an expression in the frame, which may await; `project`, `builds`, `tests` and `values` are there."""
    return frame.evaluate(
        "async (values) => { const project = probe.SDK.getWebContext().project.id;"
        f"const builds = probe.buildClient(); const tests = probe.testClient(); return {expression}; }}",
        list(values),
    )


def test_a_build_has_numbers_for_words_and_dates(scene: Scene, frame: Frame) -> None:
    build = ask(
        frame,
        """await builds.getBuild(project, values[0]).then((build) => [build.status, build.result, build.reason,
        build.definition.type, build.startTime instanceof Date, build.startTime.getTime(), build.url,
        build._links.web.href])""",
        scene.build.id,
    )
    started = int(scene.build.start_time.timestamp() * 1000)
    web = f"{scene.server.collection_url}demo/_build/results?buildId={scene.build.id}"
    assert build == [2, 4, 1, 2, True, started, None, web]


def test_builds_are_found_by_numbers(scene: Scene, frame: Frame) -> None:
    def found(*conditions: int | None) -> Any:
        """reason, status, result, order."""
        return ask(
            frame,
            """await builds.getBuilds(project, [1], undefined, undefined, undefined, undefined, undefined, values[0],
            values[1], values[2], undefined, undefined, 5, undefined, undefined, undefined, values[3],
            "refs/heads/main").then((found) => found.map((each) => each.id))""",
            *conditions,
        )

    first, second = scene.build.id, scene.other.id
    assert found(None, 2, None, 3) == [first]
    assert found(1, 3, None, 7)[:2] == [first, second]
    assert found(None, None, 4, None) == [first]
    assert found(256, None, None, None) == []


def test_attachments_are_found_by_their_addresses_and_read(scene: Scene, frame: Frame) -> None:
    content = ask(
        frame,
        """await builds.getAttachments(project, values[0], values[1]).then(async ([{ name, _links }]) => {
            const [timeline, record] = /builds\\/\\d+\\/([^/]+)\\/([^/]+)/.exec(_links.self.href).slice(1);
            const found = await builds.getAttachment(project, values[0], timeline, record, values[1], name);
            return new TextDecoder().decode(found);
        })""",
        scene.build.id,
        KIND,
    )
    assert content == '{"ok": true}'


def test_a_timeline_has_numbers_for_states_results_and_issues(scene: Scene, frame: Frame) -> None:
    scene.world.builds.issue(scene.build.id, scene.step.id, "warning", "late")
    scene.world.builds.update(scene.build.id, scene.step.id, state="completed", result="succeededWithIssues")
    records = ask(
        frame,
        """await builds.getBuildTimeline(project, values[0]).then(({ records }) => records.map((record) =>
        [record.type, record.state, record.result, record.issues[0].type, record.finishTime instanceof Date]))""",
        scene.build.id,
    )
    assert records == [["Task", 2, 1, 2, True]]


def test_a_definition_is_told(scene: Scene, frame: Frame) -> None:
    told = ask(
        frame,
        "[(await builds.getDefinitions(project, 'ci')).map(({ name }) => name),"
        "await builds.getDefinition(project, 1).then(({ name, repository }) => [name, repository.name])]",
    )
    assert told == [["ci"], ["ci", "demo"]]


def test_test_results_are_read(scene: Scene, frame: Frame, run_id: int) -> None:
    runs = ask(
        frame,
        "await tests.getTestRuns(project, values[0], undefined, undefined, undefined, true).then((runs) =>"
        "runs.map((run) => [run.id, run.state, run.substate, run.createdDate instanceof Date]))",
        scene.build.uri,
    )
    assert runs == [[run_id, "InProgress", 0, True]]
    read = ask(
        frame,
        """await tests.getTestResults(project, values[0], 4, 0, 10, [3, 5]).then(async ([result]) => {
            const [file] = await tests.getTestResultAttachments(project, values[0], result.id);
            const content = await tests.getTestResultAttachmentContent(project, values[0], result.id, file.id);
            return [result.outcome, result.resultGroupType, result.subResults[0].resultGroupType,
                file.fileName, file.attachmentType, new TextDecoder().decode(content)];
        })""",
        run_id,
    )
    assert read == ["Failed", 4, 4, "a.log", 11, "said"]


def test_errors_have_the_words_and_the_status_of_the_service(frame: Frame) -> None:
    told = ask(frame, "await builds.getBuild(project, 999).catch(({ status, message }) => [status, message])")
    assert told == [404, "The requested build 999 could not be found."]


@pytest.mark.parametrize(
    "beyond",
    [
        "builds.addBuildTag(project, values[0], 'mine')",
        "tests.createTestRun({ name: 'mine' }, project)",
        "probe.request(`${project}/_apis/git/repositories`)",
    ],
)
def test_the_token_may_do_no_more_than_the_manifest_asks_for(scene: Scene, frame: Frame, beyond: str) -> None:
    told = ask(frame, f"await {beyond}.catch(({{ status, message }}) => [status, message])", scene.build.id)
    assert told[0] == 401
    assert "not authorized" in told[1]
    assert scene.world.builds.get(scene.build.id).tags == ()
