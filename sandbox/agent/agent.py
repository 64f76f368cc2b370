"""The agent for programs and tests: extensions installed, one pipeline run at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.agent import inbox, repository
from sandbox.agent.approvals import Answer
from sandbox.agent.cancellation import Cancellation
from sandbox.agent.endpoints import Endpoint
from sandbox.agent.errors import PipelineError
from sandbox.agent.process import Timing
from sandbox.agent.request import Request
from sandbox.agent.runs import BuildVerdict, Machine, Run
from sandbox.agent.tasks import Catalogue, TaskDefinition, read_extension
from sandbox.agent.variables import Group
from sandbox.devops.build.documents import Build, Record
from sandbox.devops.test.models import Run as TestRun
from sandbox.server import Server
from sandbox.world import World


@dataclass(frozen=True)
class BuildResult:
    """How a run ended, with its timeline and test runs as they stand in the service."""

    build: Build
    result: BuildVerdict
    records: tuple[Record, ...]
    test_runs: tuple[Mapping[str, Any], ...]
    url: str

    @property
    def ok(self) -> bool:
        return self.result in ("succeeded", "partiallySucceeded")

    def record(self, name: str) -> Record:
        """A row of the timeline by its name; KeyError where there is none."""
        for record in self.records:
            if record.name == name:
                return record
        raise KeyError(f"{name}; there are {', '.join(record.name for record in self.records)}")

    def to_json(self) -> dict[str, Any]:
        """For programs: the build, its result, stages with their jobs and steps, test runs, and where to look."""
        return {
            "build": self.build.model_dump(mode="json"),
            "result": self.result,
            "stages": self._children(None),
            "url": self.url,
            "testRuns": list(self.test_runs),
        }

    def _children(self, parent: str | None) -> list[dict[str, Any]]:
        return [
            {**record.model_dump(mode="json"), "children": self._children(record.id)}
            for record in sorted(self.records, key=lambda record: record.order)
            if record.parent == parent
        ]


class Agent:
    """work: the agent's own folder (its `_work` lies below). show: gets every line of the log, masked.

    environment: what its worker has beside the variables of this process.
    """

    def __init__(
        self,
        world: World,
        server: Server,
        *,
        work: Path,
        extensions: Iterable[Path] = (),
        tools: Path | None = None,
        node: str | None = None,
        timing: Timing = Timing(),  # noqa: B008 - immutable
        environment: Mapping[str, str] | None = None,
        show: Callable[[str], None] = lambda line: None,
    ) -> None:
        """PipelineError where an extension cannot be installed or Node is missing."""
        program = node or shutil.which("node")
        if program is None:
            raise PipelineError("There is no Node on the PATH: install Node 20 or give its path with --node.")
        contributed: list[TaskDefinition] = [task for package in extensions for task in _install(package, world)]
        work = work.resolve()
        self._world = world
        self._server = server
        self._catalogue = Catalogue((*inbox.TASKS, *contributed))
        self._machine = Machine(
            work, (tools or work / "_work" / "_tool").resolve(), program, timing, show, environment or {}
        )
        self._cancellation = Cancellation()
        self._run: Run | None = None

    def run(
        self,
        pipeline: Path,
        *,
        repository_path: Path | None = None,
        working_tree: bool = False,
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        groups: Mapping[str, Group] | None = None,
        endpoints: Iterable[Endpoint] = (),
        approvals: Mapping[str, Answer] | None = None,
        pull_request: tuple[str, str] | None = None,
        on_start: Callable[[Build], None] = lambda build: None,
    ) -> BuildResult:
        """Run a pipeline to its end. PipelineError where it is refused before it starts.

        pull_request: source and target branch; the run is one for the pull request between them.
        """
        pipeline = pipeline.resolve()
        if not pipeline.is_file():
            raise PipelineError(f"{pipeline}: there is no such file")
        request = Request(
            path=pipeline,
            repository=(repository_path or repository.root_of(pipeline)).resolve(),
            working_tree=working_tree,
            variables=variables or {},
            secrets=secrets or {},
            parameters=parameters or {},
            groups=groups or {},
            endpoints=tuple(endpoints),
            approvals=approvals or {},
            pull_request=pull_request,
        )
        for endpoint in request.endpoints:
            self._world.identity_tokens.connect(endpoint.id, endpoint.name)
        self._cancellation = Cancellation()
        run = Run(
            request,
            world=self._world,
            server=self._server,
            machine=self._machine,
            catalogue=self._catalogue,
            cancellation=self._cancellation,
        )
        self._run = run
        on_start(run.build)
        with self._world.builds.telling_of_cancels(run.build.id, self._cancellation.request):
            result = run.carry_out()
        return BuildResult(
            build=self._world.builds.get(run.build.id),
            result=result,
            records=tuple(self._world.builds.records(run.build.id)),
            test_runs=tuple(self._test_run(each) for each in self._world.tests.of_build(run.build.id)),
            url=f"{self._server.base_url}/builds/{run.build.id}",
        )

    def cancel(self) -> None:
        """What the Cancel button does to the run that is under way; from any thread."""
        self._cancellation.request()

    def end_at_once(self) -> None:
        """Kill what the run has started, without any of the agent's patience."""
        self.cancel()
        if self._run is not None:
            self._run.end_at_once()

    def _test_run(self, run: TestRun) -> dict[str, Any]:
        """In the service's own names; read from its state, so that no fault of the wire hides what there is."""
        results = self._world.tests.results(run.id)
        return {
            "id": run.id,
            "name": run.request.name,
            "state": run.state,
            "substate": run.substate,
            "totalTests": len(results),
            "passedTests": sum(result.outcome == "Passed" for result in results),
            "webAccessUrl": f"{self._server.base_url}/runs/{run.id}",
            "results": [result.json_form() for result in results],
        }


def _install(package: Path, world: World) -> tuple[TaskDefinition, ...]:
    """The extension's tasks, for the agent; its tabs and their files, for the pages."""
    tasks = read_extension(package)
    try:
        world.extensions.install(package)
    except ValueError as error:
        raise PipelineError(str(error)) from error
    return tasks
