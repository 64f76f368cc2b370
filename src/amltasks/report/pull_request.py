"""Keeps one comment on a pull request up to date, and a status: a publisher that speaks when all is over.

A thread for each step of a pipeline: active while the step fails, fixed when it passes, active again when it fails
again. What a newer build has said stays. A cancelled step says nothing: mostly a newer build is on its way.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from amltasks.data import Data
from amltasks.devops.client import Client
from amltasks.devops.pacing import Pace
from amltasks.devops.pull_requests import AZURE_REPOS, Discussion, PullRequest, Thread, ThreadStatus
from amltasks.errors import ServiceError
from amltasks.report.earlier_values import changes
from amltasks.report.green_run import PipelineStep, green_run
from amltasks.report.model import ArtefactKind, NotebookResult, Report
from amltasks.report.publisher import Publisher
from amltasks.report.pull_request_comment import CommentParts, comment
from amltasks.report.pull_request_marker import Marker, step_digest
from amltasks.report.wording import summary

PATIENCE = 60.0  # seconds
PICTURES = 4
LARGEST_PICTURE = 1_000_000  # bytes

_PICTURES = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
_SET_BY_PEOPLE = ("wontFix", "byDesign", "closed")

Answer = TypeVar("Answer")


class PullRequestOptions(Data):
    """What to say where.

    url: the collection's. token: the job's. build: its id, number and page. comment: when a thread is begun, None for
    no comment at all. status: whether one is set. tab: the run's Notebooks tab; empty where it has none.
    """

    url: str
    token: str = Field(repr=False)
    pull_request: PullRequest
    step: PipelineStep
    build: int
    build_number: str = ""
    build_page: str = ""
    tab: str = ""
    comment: Literal["onFailure", "always"] | None = None
    status: bool = False


class PullRequestPublisher(Publisher):
    """is_red: whether the step fails. redact: a second net; results arrive redacted."""

    name = "Pull request"

    def __init__(
        self, options: PullRequestOptions, is_red: Callable[[Report], bool], redact: Callable[[str], str] = str
    ) -> None:
        self._options = options
        self._is_red = is_red
        self._redact = redact
        self._pace = Pace()
        self._problems: dict[str, str] = {}  # by the service's name of the error, where it has one
        self._links: dict[str, str] = {}

    def complete(self, report: Report, deadline: float | None = None) -> None:
        if report.cancelled:
            return
        provider = self._options.pull_request.provider
        if provider != AZURE_REPOS:
            raise ServiceError(f"comments and statuses are for repositories of Azure Repos; this one is on {provider}.")
        patience = time.monotonic() + PATIENCE
        self.hurry(patience if deadline is None else min(deadline, patience))
        marker = self._marker(self._is_red(report))
        with Client(self._options.url, self._options.token, self._pace) as client:
            discussion = Discussion(client, self._options.pull_request, lambda content: _is_ours(content, marker))
            if self._options.status:
                self._attempt(lambda: self._set_status(discussion, report, marker))
            if self._options.comment:
                self._attempt(lambda: self._keep_comment(client, discussion, report, marker))

    def hurry(self, deadline: float) -> None:
        self._pace.end_by(deadline - time.monotonic() + self._pace.now())

    def links(self) -> dict[str, str]:
        return dict(self._links)

    def problems(self) -> tuple[str, ...]:
        return tuple(self._problems.values())

    def _attempt(self, work: Callable[[], Answer]) -> Answer | None:
        """What fails is a problem, told once, and no loss to the rest."""
        try:
            return work()
        except ServiceError as error:
            self._problems.setdefault(error.code or str(error), f"{self.name}: {error}")
            return None

    def _marker(self, red: bool) -> Marker:
        return Marker(
            step=step_digest(self._options.step.parts()),
            iteration=self._options.pull_request.iteration or 0,
            build=self._options.build,
            attempt=self._options.step.context.attempt,
            red=red,
        )

    def _set_status(self, discussion: Discussion, report: Report, marker: Marker) -> None:
        address = self._options.tab or self._options.build_page
        discussion.state(self._options.step.title(), "failed" if marker.red else "succeeded", summary(report), address)

    def _keep_comment(self, client: Client, discussion: Discussion, report: Report, marker: Marker) -> None:
        thread = discussion.thread()
        if thread is None and not marker.red and self._options.comment != "always":
            return
        if thread is None or not _is_stale(marker, thread):
            text = self._redact(comment(report, self._parts(client, discussion, report, marker)))
            content = f"{text}\n{marker.line()}"
            if thread is None:
                thread = discussion.begin(content, "active" if marker.red else "fixed")
            if thread.content != content and not _is_stale(marker, thread):
                discussion.update(thread, content, _status(marker, thread))
        place = self._options.pull_request
        page = f"{self._options.url}{place.project}/_git/{place.repository}/pullrequest/{place.number}"
        self._links[self.name] = f"{page}?discussionId={thread.id}"

    def _parts(self, client: Client, discussion: Discussion, report: Report, marker: Marker) -> CommentParts:
        options = self._options
        links = {"Notebooks": options.tab, "Tests": report.links.get("Test run", "")}
        earlier = None
        if any(result.scraps for result in report.results):
            earlier = self._attempt(lambda: green_run(client, options.url, options.pull_request.project, options.step))
        return CommentParts(
            red=marker.red,
            build=(options.build_number, options.build_page),
            update=marker.iteration,
            links={name: address for name, address in links.items() if address},
            earlier=earlier,
            changes=changes(report, earlier) if earlier else (),
            pictures=self._attempt(lambda: _show(discussion, report)) or (),
        )


def _is_ours(content: str, ours: Marker) -> bool:
    found = Marker.of(content)
    return found is not None and found.step == ours.step


def _is_stale(marker: Marker, thread: Thread) -> bool:
    """Whether a newer build has spoken already."""
    said = Marker.of(thread.content)
    return said is not None and said.is_newer_than(marker)


def _status(marker: Marker, thread: Thread) -> ThreadStatus | None:
    """None for that which a person has chosen: it stays until the step changes from passed to failed."""
    said = Marker.of(thread.content)
    if not marker.red:
        return None if thread.status in _SET_BY_PEOPLE else "fixed"
    stays = said is not None and said.red and thread.status in (*_SET_BY_PEOPLE, "pending")
    return None if stays else "active"


def _show(discussion: Discussion, report: Report) -> Sequence[tuple[str, str]]:
    """The last figures of some notebooks, failed ones first: title and address."""
    shown: list[tuple[str, str]] = []
    for result in sorted(report.results, key=lambda result: result.ok):
        figure = next(_figures(result), None)
        if figure is not None and len(shown) < PICTURES:
            name, content = figure
            shown.append((result.title, discussion.show(name, content)))
    return shown


def _figures(result: NotebookResult) -> Iterator[tuple[str, bytes]]:
    """From the last on, those that are shown everywhere and are not too large: a name by the content, the content."""
    for artefact in reversed(result.artefacts):
        if artefact.kind is not ArtefactKind.IMAGE or not _fits(artefact.path):
            continue
        content = artefact.path.read_bytes()
        ending = next((ending for start, ending in _PICTURES.items() if content.startswith(start)), "")
        if ending:
            yield f"notebooks-{hashlib.sha256(content).hexdigest()[:32]}.{ending}", content


def _fits(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= LARGEST_PICTURE
