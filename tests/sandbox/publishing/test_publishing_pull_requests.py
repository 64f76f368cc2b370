"""One comment and a status on a pull request, through a sandbox: builds that come one after the other, and faults."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from amltasks.devops.client import Client
from amltasks.devops.pacing import Pace
from amltasks.devops.pull_requests import Discussion, PullRequest
from amltasks.errors import ServiceError
from amltasks.report.green_run import PipelineStep
from amltasks.report.model import Artefact, ArtefactKind, NotebookResult, Outcome, Report
from amltasks.report.pull_request import PullRequestOptions, PullRequestPublisher
from amltasks.report.pull_request_marker import Marker, step_digest
from amltasks.report.tab_names import attachment_name
from amltasks.report.tab_records import INDEX, TYPE, TabContext
from sandbox.devops.git.discussions import Thread
from sandbox.faults import Fault
from sandbox.server import Server
from sandbox.world import World
from tests.recordings import record
from tests.sandbox.publishing.scene import STARTED, notebook_result

pytestmark = pytest.mark.xdist_group("publishing_pull_requests")

GREEN = [notebook_result(1)]
RED = [notebook_result(1), notebook_result(2, Outcome.FAILED)]
CONTEXT = TabContext(stage="Test", job="Notebooks", step="nb", target_branch="refs/heads/main")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


@dataclass
class Conversation:
    """A pull request of its own in a sandbox that all tests of this file share."""

    world: World
    server: Server
    token: str
    number: int
    folder: Path
    builds: list[int] = field(default_factory=list)

    def publish(
        self,
        results: list[NotebookResult],
        *,
        build: int = 1,
        iteration: int | None = None,
        comment: str | None = "onFailure",
        cancelled: bool = False,
        seconds: float | None = None,
        **changes: Any,
    ) -> PullRequestPublisher:
        """What a step of a build does when its notebooks are done."""
        context, redact = changes.pop("context", CONTEXT), changes.pop("redact", str)
        options = PullRequestOptions(
            **{
                "url": self.server.collection_url,
                "token": self.token,
                "pull_request": self.place(iteration),
                "step": PipelineStep(definition=1, pipeline="ci", context=context),
                "build": build,
                "build_number": f"20261121.{build}",
                "build_page": f"{self.server.collection_url}demo/_build/results?buildId={build}",
                "tab": f"{self.server.collection_url}demo/_build/results?buildId={build}&view=tab",
                "comment": comment,
                **changes,
            }
        )
        publisher = PullRequestPublisher(options, lambda report: bool(report.failed), redact)
        finished = datetime.now(timezone.utc)
        report = Report(
            title="Notebooks", results=tuple(results), started_at=STARTED, finished_at=finished, cancelled=cancelled
        )
        publisher.complete(report, None if seconds is None else time.monotonic() + seconds)
        return publisher

    def place(self, iteration: int | None = None) -> PullRequest:
        return PullRequest(
            project="demo", repository=self.world.git.get("demo").id, number=self.number, iteration=iteration
        )

    def figure(self, content: bytes) -> Artefact:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.png"
        path.write_bytes(content)
        return Artefact(kind=ArtefactKind.IMAGE, path=path, name=path.name)

    @property
    def threads(self) -> list[Thread]:
        return [thread for thread in self.world.git.discussions.threads(self.number) if not thread.deleted]

    @property
    def thread(self) -> Thread:
        [thread] = self.threads
        return thread

    @property
    def text(self) -> str:
        [comment] = self.thread.comments
        return comment.content

    def requests(self, method: str, part: str) -> list[Any]:
        place = f"/pullrequests/{self.number}/".lower()
        exchanges = [each for each in self.world.journal.exchanges if place in each.url.lower()]
        return [each for each in exchanges if method in each.method and part in each.url]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, Server]]:
    world = record(World.open())
    world.git.add("demo", Path.cwd())
    with Server(world) as server:
        yield world, server
    world.close()


@pytest.fixture
def said(served: tuple[World, Server], tmp_path: Path) -> Iterator[Conversation]:
    world, server = served
    opened = world.git.pull_request("demo", source="refs/heads/feature", target="refs/heads/main")
    yield Conversation(world, server, world.tokens.issue("Build Service"), opened.id, tmp_path)
    world.faults.clear()
    world.git.allow_contributions("demo", True)


def test_a_thread_is_begun_when_the_step_fails_and_resolved_when_it_passes(said: Conversation) -> None:
    said.publish(RED, build=1)
    first = (said.thread.status, said.text)
    said.publish(GREEN, build=2)

    assert first[0] == "active"
    assert "1 of 2 notebooks failed" in first[1]
    assert "n0002.ipynb" in first[1]
    assert "ValueError: no data" in first[1]
    assert said.thread.status == "fixed"
    assert "The notebook passed." in said.text
    assert "build 20261121.2" in said.text


def test_a_thread_is_opened_again_when_the_step_fails_again(said: Conversation) -> None:
    for build, results in enumerate((RED, GREEN, RED), 1):
        said.publish(results, build=build)

    assert said.thread.status == "active"
    assert len(said.requests("POST", "/threads")) == 1


def test_of_a_step_that_never_failed_nothing_is_said_unless_always(said: Conversation) -> None:
    said.publish(GREEN, build=1)
    assert said.threads == []

    said.publish(GREEN, build=2, comment="always")
    assert said.thread.status == "fixed"


def test_what_is_said_passes_a_second_net(said: Conversation) -> None:
    for build in (1, 2):
        said.publish(RED, build=build, redact=lambda text: text.replace("no data", "***").replace("20261121", "***"))

    assert "no data" not in said.text
    assert "ValueError: \\*\\*\\*" in said.text or "ValueError: ***" in said.text
    assert "build ***.2" in said.text


def test_nothing_is_written_where_neither_is_wanted_and_of_a_cancelled_step(said: Conversation) -> None:
    said.publish(RED, comment=None)
    said.publish(RED, cancelled=True)

    assert said.requests("POST", "") == []


@pytest.mark.parametrize("chosen", ["wontFix", "byDesign", "closed", "pending"])
def test_what_a_person_has_chosen_stays_while_the_step_still_fails(said: Conversation, chosen: str) -> None:
    said.publish(RED, build=1)
    said.world.git.discussions.set_status(said.number, said.thread.id, chosen)

    said.publish(RED, build=2)

    assert said.thread.status == chosen
    assert "20261121.2" in said.text


def test_a_thread_that_was_resolved_too_early_is_opened_again(said: Conversation) -> None:
    said.publish(RED, build=1)
    said.world.git.discussions.set_status(said.number, said.thread.id, "fixed")

    said.publish(RED, build=2)

    assert said.thread.status == "active"


def test_an_older_build_that_ends_later_leaves_what_the_newer_one_has_said(said: Conversation) -> None:
    said.publish(RED, build=7, iteration=2)
    before = said.text

    said.publish(GREEN, build=5, iteration=1)
    said.publish(GREEN, build=8, iteration=1)

    assert (said.text, said.thread.status) == (before, "active")


def test_each_step_job_and_stage_has_a_thread_of_its_own(said: Conversation) -> None:
    for changes in ({}, {"job": "Notebooks py312"}, {"step": "slow"}, {"stage": "Nightly"}, {"attempt": 2}):
        said.publish(RED, context=CONTEXT.model_copy(update=changes))

    assert len(said.threads) == 4


def test_two_builds_that_begin_at_once_agree_on_one_thread(said: Conversation) -> None:
    """Both have looked before either wrote."""
    with Client(said.server.collection_url, said.token, Pace()) as client:
        one, other = (Discussion(client, said.place(), lambda content: content.startswith("ours")) for _ in range(2))

        first, second = one.begin("ours, first", "active"), other.begin("ours, second", "active")

    assert first == second
    assert (said.thread.id, said.text) == (first.id, "ours, first")


def test_a_comment_that_somebody_deleted_is_written_again_by_the_next_failure(said: Conversation) -> None:
    said.publish(RED, build=1)
    said.world.git.discussions.delete(said.number, said.thread.id, 1, "Build Service")

    said.publish(RED, build=2)

    assert "20261121.2" in said.text


def test_threads_of_people_are_left_alone(said: Conversation) -> None:
    discussions = said.world.git.discussions
    own = Marker(step=step_digest(("1", "Test", "Notebooks", "nb")), build=1, red=True).line()
    discussions.begin(said.number, "A person", f"What does this line mean?\n{own}\nI wonder.", "active")

    said.publish(RED)

    theirs, ours = said.threads
    assert theirs.comments[0].content.endswith("I wonder.")
    assert ours.comments[0].author == "Build Service"


@pytest.mark.parametrize("fault", [{"reset": True, "when": "after"}, {"status": 503, "when": "after"}, {"status": 503}])
def test_a_lost_answer_leads_to_nothing_twice(said: Conversation, fault: dict[str, Any]) -> None:
    """Of every request that writes the first is lost, before or after it was carried out."""
    place = f"*/pullRequests/{said.number}"
    for method, rest, nth in (
        ("POST", "statuses", 1),
        ("POST", "threads", 1),
        ("POST", "attachments/*", 1),
        ("PATCH", "threads/*/comments/*", 1),
        ("PATCH", "threads/*", 3),  # after both attempts at the comment
    ):
        said.world.faults.add(Fault(method=method, path=f"{place}/{rest}", nth=nth, **fault))
    failed = notebook_result(2, Outcome.FAILED, artefacts=(said.figure(PNG),))

    problems = said.publish([failed], build=1, status=True).problems() + said.publish(GREEN, build=2).problems()

    discussions = said.world.git.discussions
    assert len([each for each in said.requests("", "") if each.fault]) == 5
    assert problems == ()
    assert said.thread.status == "fixed"
    assert "20261121.2" in said.text
    assert (len(discussions.statuses(said.number)), len(discussions.files(said.number))) == (1, 1)


def test_without_the_right_one_sentence_says_which_one_to_give(said: Conversation) -> None:
    said.world.git.allow_contributions("demo", False)

    [problem] = said.publish(RED, status=True).problems()

    assert "allow it 'Contribute to pull requests'" in problem
    assert "TF401027" in problem
    assert "test runs" not in problem


def test_a_service_that_stays_away_is_given_up_in_time(said: Conversation) -> None:
    said.world.faults.add(Fault(path=f"*/pullRequests/{said.number}/*", status=503))
    begun = time.monotonic()

    [problem] = said.publish(RED, seconds=2).problems()

    assert "503" in problem
    assert time.monotonic() - begun < 30


def test_a_repository_elsewhere_is_told_as_that(said: Conversation) -> None:
    place = said.place().model_copy(update={"provider": "GitHub"})

    with pytest.raises(ServiceError, match="are for repositories of Azure Repos; this one is on GitHub"):
        said.publish(RED, pull_request=place)


def test_a_status_tells_the_verdict_and_leads_to_the_tab(said: Conversation) -> None:
    said.publish(RED, status=True, comment=None, iteration=1)
    said.publish(GREEN, status=True, comment=None, iteration=1, build=2)

    told = said.world.git.discussions.statuses(said.number)
    assert [(each.genre, each.name, each.state, each.iteration) for each in told] == [
        ("azure-ml-tasks", "ci/Test/Notebooks/nb", "failed", 1),
        ("azure-ml-tasks", "ci/Test/Notebooks/nb", "succeeded", 1),
    ]
    assert told[1].description == "The notebook passed."
    assert (told[1].target_url or "").endswith("buildId=2&view=tab")


def test_last_figures_are_attached_once_and_shown(said: Conversation) -> None:
    contents = (PNG + b"first", b"<svg/>", PNG + b"last", b"<svg onload=alert(1)/>")
    figures = map(said.figure, contents)
    failed = notebook_result(2, Outcome.FAILED, artefacts=tuple(figures))

    said.publish([failed], build=1)
    said.publish([failed], build=2)

    [file] = said.world.git.discussions.files(said.number)
    assert said.world.git.discussions.file_content(said.number, file.name) == PNG + b"last"
    assert re.findall(r"!\[last figure\]\(([^)]*)\)", said.text) == [
        f"{said.server.collection_url}{said.world.project.id}/_apis/git/repositories/"
        f"{said.world.git.get('demo').id}/pullRequests/{said.number}/attachments/{file.name}"
    ]


def test_a_discussion_finds_its_thread_by_the_content(said: Conversation) -> None:
    with Client(said.server.collection_url, said.token, Pace()) as client:
        discussion = Discussion(client, said.place(), lambda content: content == "ours")

        begun = discussion.begin("ours", "active")

        assert discussion.thread() == begun
        discussion.update(begun, "other", None)
        assert discussion.thread() is None


def test_recorded_values_are_compared_with_the_last_green_build_of_the_target_branch(said: Conversation) -> None:
    world = said.world
    world.journal.close()  # the documents give an attachment's links a shape that is not the service's
    for number, scraps in enumerate(({"auc": 0.5}, {"auc": 0.93, "rows": 1000, "gone": 1})):
        build = world.builds.create(
            "ci", source_branch="refs/heads/main", source_version="0" * 40, repository="demo", reason="individualCI"
        )
        task = world.builds.record(build.id, type="Task", name="nb", ref_name="nb", parent=None, order=number)
        index = {"version": 1, "new": "member", "results": [{"runId": "notebooks-n0001", "scraps": scraps}]}
        name = attachment_name(CONTEXT, ending=INDEX)
        world.builds.attach(build.id, task.id, TYPE, name, json.dumps(index).encode())
        world.builds.finish(build.id, "succeeded")
    step = PipelineStep(definition=build.definition_id, context=CONTEXT)

    published = said.publish(
        [notebook_result(1, scraps={"auc": 0.91, "rows": 1000, "new": 1})], step=step, comment="always"
    )

    assert published.problems() == ()
    assert f"[build {build.number}]" in said.text
    assert "| notebooks/n0001.ipynb | auc | 0.93 | 0.91 | −0.02 (−2.2 %) |" in said.text
    assert "rows" not in said.text
