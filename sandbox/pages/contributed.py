"""What installed extensions add to a page, and the address at which Azure DevOps has it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.devops.build.documents import Build
from sandbox.devops.release.state import Release
from sandbox.devops.test.models import Result, Run
from sandbox.extensions import BUILD_VIEW, RELEASE_VIEW, TEST_RESULT_VIEW, Contribution
from sandbox.wire import Call


@dataclass(frozen=True)
class Link:
    id: str
    name: str
    address: str


def to_build(call: Call, build: Build) -> list[Link]:
    """Links to the tabs of a build."""
    place = f"{call.collection_url}/{call.world.project.name}/_build/results"
    return [
        Link(tab.id, tab.name, f"{place}?{urlencode({'buildId': build.id, 'view': tab.id})}")
        for tab in tabs_of_build(call, build)
    ]


def to_result(call: Call, run: Run, result: Result) -> list[Link]:
    """Links to the tabs of a test result's details."""
    place = f"{call.base_url}/runs/{run.id}/results/{result.id}/tabs"
    return [Link(tab.id, tab.name, f"{place}/{tab.id}") for tab in call.world.extensions.tabs(TEST_RESULT_VIEW)]


def to_release(call: Call, release: Release) -> list[Link]:
    """Links to the tabs of a release."""
    place = f"{call.base_url}/releases/{release.id}/tabs"
    return [Link(tab.id, tab.name, f"{place}/{tab.id}") for tab in call.world.extensions.tabs(RELEASE_VIEW)]


def tabs_of_build(call: Call, build: Build) -> list[Contribution]:
    """Those for every build, and those for builds in which one of the tasks that they name has a step."""
    tabs = call.world.extensions.tabs(BUILD_VIEW)
    if not tabs:
        return []
    ran = {record.task.id.lower() for record in call.world.builds.records(build.id) if record.task}
    return [tab for tab in tabs if not tab.tasks or ran.intersection(tab.tasks)]
