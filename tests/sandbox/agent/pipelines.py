"""Running small pipelines with small real tasks on the sandbox's agent."""

from __future__ import annotations

import json
import subprocess
import textwrap
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.agent import Agent, BuildResult, Timing
from sandbox.devops.build.documents import Issue
from sandbox.server import Server
from sandbox.world import World

# The real agent's delays, made short: what is tested is their order, not our patience.
QUICK = Timing(interrupt=0.4, terminate=0.4, streams=0.3, forced=0.2, minute=60, retry=0.01)


@dataclass(frozen=True)
class NodeTask:
    """A task of one JavaScript file. definition: members of task.json beyond the necessary ones."""

    name: str
    script: str
    definition: Mapping[str, Any] = field(default_factory=dict)
    version: str = "1.0.0"


def pack(path: Path, *tasks: NodeTask) -> Path:
    """An extension that contributes the tasks."""
    contributions = []
    with zipfile.ZipFile(path, "w") as archive:
        for task in tasks:
            folder = f"tasks/{task.name}"
            major, minor, patch = task.version.split(".")
            definition = {
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, task.name)),
                "name": task.name,
                "friendlyName": task.name,
                "description": "for a test",
                "author": "tests",
                "version": {"Major": int(major), "Minor": int(minor), "Patch": int(patch)},
                "instanceNameFormat": task.name,
                "execution": {"Node20_1": {"target": "main.js"}},
                **task.definition,
            }
            archive.writestr(f"{folder}/task.json", json.dumps(definition))
            archive.writestr(f"{folder}/main.js", textwrap.dedent(task.script))
            contributions.append(
                {
                    "id": task.name.lower(),
                    "type": "ms.vss-distributed-task.task",
                    "targets": ["ms.vss-distributed-task.tasks"],
                    "properties": {"name": folder},
                }
            )
        archive.writestr("extension.vsomanifest", json.dumps({"manifestVersion": 1, "contributions": contributions}))
        archive.writestr(
            "extension.vsixmanifest",
            '<PackageManifest><Identity Id="ext" Publisher="pub" Version="1.0.0"/></PackageManifest>',
        )
        archive.writestr("[Content_Types].xml", "<Types/>")
    return path


class Ran:
    """A finished run, seen as a person sees it."""

    def __init__(self, world: World, result: BuildResult, shown: list[str]) -> None:
        self.world = world
        self.build = result.build
        self.result = result
        self.shown = shown

    def __str__(self) -> str:
        return "\n".join(self.shown)

    @property
    def verdicts(self) -> dict[str, str | None]:
        """How the steps ended, by their names; without the agent's own."""
        own = ("Initialize job", "Finalize Job")
        return {each.name: each.result for each in self.result.records if each.type == "Task" and each.name not in own}

    def log(self, name: str) -> list[str]:
        """The stored log of a step, without the time stamps."""
        record = self.result.record(name)
        if record.log_id == 0:
            return []
        return [line.split(" ", 1)[1] for line in self.world.builds.log_lines(self.build.id, record.log_id)]

    def issues(self, name: str) -> list[Issue]:
        return [issue for record in self.result.records if record.name == name for issue in record.issues]

    def errors(self, name: str) -> list[str]:
        return [issue.message for issue in self.issues(name) if issue.type == "error"]

    def warnings(self, name: str) -> list[str]:
        return [issue.message for issue in self.issues(name) if issue.type == "warning"]


class Pipelines:
    """Runs pipelines from text in a repository of their own."""

    def __init__(self, world: World, server: Server, folder: Path) -> None:
        self.world = world
        self.server = server
        self.folder = folder
        self.agent: Agent | None = None
        self.repository = folder / "repository"
        self.repository.mkdir()
        self._git("init", "-q", "-b", "main")

    def write(self, files: Mapping[str, str]) -> None:
        """Files of the repository, committed."""
        for name, content in files.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content), "utf-8")
        self._git("add", "-A")
        self._git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "A change", "--allow-empty")

    def run(
        self,
        yaml: str,
        *tasks: NodeTask,
        timing: Timing = QUICK,
        after_start: Callable[[Agent], None] | None = None,
        tools: Path | None = None,
        commit: bool = True,
        **options: Any,
    ) -> Ran:
        """Run a pipeline with these tasks installed; PipelineError where it is refused."""
        if commit:
            self.write({"azure-pipelines.yml": yaml})
        shown: list[str] = []
        extensions = [pack(self.folder / "tests.vsix", *tasks)] if tasks else []
        agent = Agent(
            self.world,
            self.server,
            work=self.folder / "agent",
            extensions=extensions,
            tools=tools,
            timing=timing,
            show=shown.append,
        )
        if after_start is not None:
            options["on_start"] = lambda build: after_start(agent)
        result = agent.run(self.repository / "azure-pipelines.yml", **options)
        return Ran(self.world, result, shown)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.repository, check=True, capture_output=True)
