"""Builds of a sandbox with what the tasks attach to them, and the addresses of their tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from amltasks.report.tab_records import TYPE, TabIndex
from sandbox.devops.build.documents import Build, Record
from sandbox.server import Server
from sandbox.world import World
from tests.tab.recorded import MAIN, name_of

IDENTITY = "azure-ml-tasks.azure-ml-tasks"
TAB = f"{IDENTITY}.notebooks-tab"
RUN_NOTEBOOK = {"id": "c9aec72a-19a3-40bc-872f-1a268bd2bb64", "name": "RunNotebookOnAML", "version": "1.0.0"}


@dataclass(frozen=True)
class Recorded:
    """A build, and the step in its timeline that attachments are made to."""

    world: World
    build: Build
    step: Record

    def attach(self, name: str, content: bytes | str) -> None:
        data = content.encode() if isinstance(content, str) else content
        self.world.builds.attach(self.build.id, self.step.id, TYPE, name, data)

    def index(self, index: TabIndex) -> None:
        """What a step leaves at its end, or, without an end, how far it has come."""
        self.attach(name_of(index), index.model_dump_json(by_alias=True))

    def finish(self, result: Any = "succeeded") -> None:
        self.world.builds.finish(self.build.id, result)


@dataclass(frozen=True)
class Site:
    """A sandbox in which the extension is installed."""

    world: World
    server: Server

    def build(self, branch: str = MAIN, task: dict[str, str] = RUN_NOTEBOOK, definition: str = "ci") -> Recorded:
        """One that runs, with a step of the task in it."""
        builds = self.world.builds
        build = builds.create(definition, source_branch=branch, source_version="f" * 40, repository="demo")
        step = builds.record(
            build.id, type="Task", name=task["name"], ref_name="notebooks", parent=None, order=1, task=task
        )
        return Recorded(self.world, build, step)

    def finished(self, *indices: TabIndex, branch: str = MAIN) -> Recorded:
        """One that has ended with these results."""
        recorded = self.build(branch)
        for each in indices:
            recorded.index(each)
        recorded.finish("failed" if any(not result.ok for each in indices for result in each.results) else "succeeded")
        return recorded

    def tab(self, recorded: Recorded, **parameters: str) -> str:
        """The address at which Azure DevOps shows the tab of a build."""
        query = urlencode({"buildId": recorded.build.id, "view": TAB, **parameters})
        return f"{self.server.collection_url}{self.world.project.name}/_build/results?{query}"
