"""Pipelines with the packaged task, run on the sandbox's agent: what a user has, but for the real Azure DevOps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.agent import Agent, Timing
from sandbox.devops.test.models import Attachment, Result, Run, SubResult
from sandbox.server import Server
from sandbox.world import World
from tests.notebooks.running import SHARED, notebook_python, write_notebook
from tests.recordings import record
from tests.sandbox.agent.pipelines import Ran

ROOT = Path(__file__).resolve().parents[2]
BESIDE_INPUTS = ("continueOnError", "displayName", "env", "retryCountOnTaskFailure", "target", "timeoutInMinutes")
# The real agent's patience; only the delays between retries are shortened.
TIMING = Timing(retry=0.01)


def task(*notebooks: str, name: str = "nb", **given: Any) -> dict[str, Any]:
    """A step with the task, called `nb`. given: inputs, and what the YAML says beside them (`continueOnError`)."""
    members = {key: given.pop(key) for key in BESIDE_INPUTS if key in given}
    inputs = {"notebooks": "\n".join(notebooks), "python": notebook_python(), **given}
    return {"task": "RunNotebookOnAML@1", "name": name, **members, "inputs": inputs}


def script(text: str, name: str = "said", **members: Any) -> dict[str, Any]:
    return {"script": text, "displayName": name, **members}


class Published(Ran):
    """A finished run of a pipeline, with what it left in Azure DevOps and on the agent."""

    folder: Path

    def log(self, name: str) -> list[str]:
        """The stored log of a step, without the time stamps; there is one."""
        (record,) = [each for each in self.result.records if each.type == "Task" and each.name == name]
        lines = [line.split(" ", 1)[1] for line in self.world.builds.log_lines(self.build.id, record.log_id)]
        assert lines, f"{name} has no log"
        return lines

    @property
    def test_runs(self) -> list[Run]:
        return self.world.tests.of_build(self.build.id)

    @property
    def test_run(self) -> Run:
        (run,) = self.test_runs
        return run

    def results(self, run: Run | None = None) -> dict[str, Result]:
        """The results of the one test run, or of that one, by title; a title that is there twice fails."""
        results = self.world.tests.results((run or self.test_run).id)
        by_title = {result.test_case_title or "": result for result in results}
        assert len(by_title) == len(results)
        return by_title

    def cells(self, title: str) -> tuple[SubResult, ...]:
        return self.results()[title].sub_results

    def attached(self, title: str, run: Run | None = None) -> dict[str, bytes]:
        """What is attached to a result, by file name; a name that is there twice fails."""
        run = run or self.test_run
        found = self.attachments(run, self.results(run)[title].id or 0)
        contents = {each.file_name: self.world.tests.attachment(run.id, each.id)[1] for each in found}
        assert len(contents) == len(found)
        return contents

    def attachments(self, run: Run, result_id: int) -> list[Attachment]:
        return self.world.tests.attachments(run.id, result_id)

    def tab(self, kind: str = "amltasks.notebooks") -> dict[str, bytes]:
        """Attachments of the build of one type, by name."""
        builds, build = self.world.builds, self.build.id
        return {
            each.name: builds.attachment_content(build, each.record_id, each.type, each.name)
            for each in builds.attachments(build, kind)
        }

    @property
    def staging(self) -> Path:
        return self.folder / "agent" / "_work" / "1" / "a"

    def report(self, name: str = "nb") -> dict[str, Any]:
        """results.json of a step."""
        content: dict[str, Any] = json.loads((self.staging / "notebooks" / name / "results.json").read_bytes())
        return content

    @property
    def outcomes(self) -> dict[str, str]:
        """As the results file has them: title → outcome."""
        return {
            " ".join(filter(None, (each["notebook"], each["parameterSet"]))): each["outcome"]
            for each in self.report()["results"]
        }


@dataclass
class Site:
    """A sandbox and a repository on its agent; every test that runs something has one of its own.

    environment: what the agent's machine has beside this one's.
    """

    world: World
    server: Server
    folder: Path
    package: Path
    shown: list[str] = field(default_factory=list)  # the agent's console, while it runs
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.repository.mkdir(parents=True)
        self._git("init", "-q", "-b", "main")

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def notebook(self, name: str, *cells: dict[str, Any] | str) -> str:
        """A notebook of these cells in the repository; answers with its path there."""
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_notebook(path, [textwrap.dedent(cell) if isinstance(cell, str) else cell for cell in cells])
        return name

    def file(self, name: str, text: str) -> str:
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return name

    def branch(self, name: str) -> None:
        """What is committed from now on is on a new branch."""
        self._git("switch", "-qc", name)

    def shared(self, folder: str, to: str) -> str:
        """One of the notebooks beside the project, by its folder's number, in the repository of this test."""
        (source,) = SHARED.glob(f"{folder}-*/**/*.ipynb")
        target = self.repository / to
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        return to

    def run(
        self,
        *steps: dict[str, Any],
        pipeline: Mapping[str, Any] | None = None,
        timing: Timing = TIMING,
        after_start: Callable[[Agent], None] = lambda agent: None,
        **options: Any,
    ) -> Published:
        """Run these steps, or a whole pipeline, to the end."""
        document = json.loads(json.dumps(pipeline or {"steps": list(steps)}))  # Azure Pipelines takes no YAML aliases
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        path = self.file("azure-pipelines.yml", text)
        return self.run_file(path, timing=timing, after_start=after_start, **options)

    def run_file(
        self,
        path: str,
        *,
        timing: Timing = TIMING,
        after_start: Callable[[Agent], None] = lambda agent: None,
        **options: Any,
    ) -> Published:
        """Commit what the repository holds, and run a pipeline that is in it to the end."""
        self._git("add", "-A")
        self._git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "A change", "--allow-empty")
        self.shown.clear()
        agent = Agent(
            self.world,
            self.server,
            work=self.folder / "agent",
            extensions=[self.package],
            tools=tools_folder(),
            timing=timing,
            environment=self.environment,
            show=self.shown.append,
        )
        options["on_start"] = lambda build: after_start(agent)
        result = agent.run(self.repository / path, **options)
        published = Published(self.world, result, list(self.shown))
        published.folder = self.folder
        return published

    def close(self) -> None:
        self.server.stop()
        self.world.close()

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.repository, check=True, capture_output=True)


def tools_folder() -> Path:
    """Kept between sessions: the task's environment is made once for each wheel and lock."""
    return ROOT / "build" / "test-tools"


def open_site(folder: Path, package: Path) -> Site:
    world = record(World.open())
    server = Server(world)
    server.start()
    return Site(world, server, folder, package)


def printed(published: Published, step: str = "said") -> Sequence[str]:
    """What a script printed, without the agent's own lines."""
    lines = published.log(step)
    start = next(number for number, line in enumerate(lines) if line.startswith("====")) if lines else 0
    return [line for line in lines[start:] if not line.startswith("##[")]


def environment_with_uv(folder: Path) -> str:
    """A PATH on which uv is found, and else what was there."""
    folder.mkdir(exist_ok=True)
    uv = ROOT / "build" / "env" / "dev" / "bin" / "uv"
    if uv.is_file():
        (folder / "uv").symlink_to(uv)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
