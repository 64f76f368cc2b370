"""Tasks: what a task.json says, where the agent puts it, and how a reference in the YAML finds it."""

from __future__ import annotations

import hashlib
import json
import shutil
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.agent.errors import PipelineError, StepError
from sandbox.agent.pipeline import UNRESTRICTED, Restrictions

if TYPE_CHECKING:
    from sandbox.agent.invocation import Invocation

# Node handlers that are run, best first; the agent's own order. Others (PowerShell, Process) need Windows.
_NODE_HANDLERS = ("Node24", "Node20_1", "Node16", "Node10", "Node")
_PHASES = ("prejobexecution", "execution", "postjobexecution")


@dataclass(frozen=True)
class TaskInput:
    name: str
    type: str = "string"
    default: str = ""
    required: bool = False
    conditional: bool = False  # shown by a visibleRule only, so never demanded
    aliases: tuple[str, ...] = ()

    @property
    def is_connection(self) -> bool:
        return self.type.lower().startswith("connectedservice:")


@dataclass(frozen=True)
class Handler:
    """A file of the task's folder for Node to run. working_directory: may hold macros; empty for the default."""

    target: str
    working_directory: str = ""


@dataclass(frozen=True)
class TaskDefinition:
    """handlers: phase → the Node handler that is chosen. run, post: implementation of a task that comes
    with the agent, and of its part after the job's steps.
    """

    id: str
    name: str
    version: str
    friendly_name: str = ""
    description: str = ""
    author: str = ""
    help: str = ""
    inputs: tuple[TaskInput, ...] = ()
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    restrictions: Restrictions = UNRESTRICTED
    contribution: str = ""
    package: Path | None = None
    folder: str = ""
    run: Callable[[Invocation], None] | None = None
    post: Callable[[Invocation], None] | None = None

    def input(self, name: str) -> TaskInput | None:
        """An input by its name or one of its aliases, without regard to case."""
        for each in self.inputs:
            if name.lower() in (each.name.lower(), *(alias.lower() for alias in each.aliases)):
                return each
        return None

    def install(self, work: Path) -> Path:
        """The task's folder below `_work/_tasks`, unpacked unless this very package was unpacked there before."""
        assert self.package is not None
        directory = work / "_tasks" / f"{self.name}_{self.id}" / self.version
        mark = directory.with_name(f"{self.version}.completed")
        content = hashlib.sha256(self.package.read_bytes()).hexdigest()
        if mark.is_file() and mark.read_text() == content:
            return directory
        shutil.rmtree(directory, ignore_errors=True)
        with zipfile.ZipFile(self.package) as archive:
            for entry in archive.infolist():
                if entry.filename.startswith(f"{self.folder}/") and not entry.is_dir():
                    target = directory / entry.filename[len(self.folder) + 1 :]
                    if not target.resolve().is_relative_to(directory.resolve()):
                        raise StepError(f"{self.package.name}: '{entry.filename}' points outside of the task's folder")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(entry))
        mark.write_text(content)
        return directory


class Catalogue:
    """The tasks that a pipeline may refer to: those of the agent and those of the installed extensions."""

    def __init__(self, tasks: tuple[TaskDefinition, ...]) -> None:
        self._tasks = tasks

    def find(self, reference: str, where: str) -> TaskDefinition:
        """By `Name@Version`, `publisher.extension.contribution.Name@Version` or `id@Version`.

        PipelineError in the service's words where there is none; where: names the job and step for it.
        """
        name, _, version = reference.partition("@")
        named = [task for task in self._tasks if name.lower() in _names(task)]
        fitting = [task for task in named if task.version == version or f"{task.version}.".startswith(f"{version}.")]
        if not fitting:
            known = f" (installed versions: {', '.join(task.version for task in named)})" if named else ""
            raise PipelineError(
                f"A task is missing. The pipeline references a task called '{name}'. This usually indicates the task "
                "isn't installed, and you may be able to install it from the Marketplace: "
                "https://marketplace.visualstudio.com. "
                f"(Task version {version}, {where}){known}"
            )
        return max(fitting, key=lambda task: [int(part) for part in task.version.split(".")])


def _names(task: TaskDefinition) -> set[str]:
    return {task.name.lower(), task.id.lower(), f"{task.contribution}.{task.name}".lower()}


def read_extension(package: Path) -> tuple[TaskDefinition, ...]:
    """The tasks that an extension (.vsix) contributes; PipelineError says what is wrong with it."""
    try:
        with zipfile.ZipFile(package) as archive:
            manifest = json.loads(archive.read("extension.vsomanifest").decode("utf-8-sig"))
            identity = _identity(archive)
            found = [
                _read_definition(archive, package, task_json, f"{identity}.{contribution['id']}")
                for contribution in manifest.get("contributions", [])
                if contribution.get("type") == "ms.vss-distributed-task.task"
                for task_json in _task_files(archive, contribution["properties"]["name"])
            ]
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise PipelineError(f"{package}: not an extension that can be installed: {error!r}") from error
    if not found:
        raise PipelineError(f"{package}: the extension contributes no task")
    return tuple(found)


def _identity(archive: zipfile.ZipFile) -> str:
    """publisher.extension, from the package's XML manifest where there is one."""
    if "extension.vsixmanifest" not in archive.namelist():
        return ""
    root = ElementTree.fromstring(archive.read("extension.vsixmanifest"))
    identity = next((node for node in root.iter() if node.tag.endswith("Identity")), None)
    return "" if identity is None else f"{identity.get('Publisher')}.{identity.get('Id')}"


def _task_files(archive: zipfile.ZipFile, folder: str) -> list[str]:
    """task.json in the contribution's folder, or one level deeper: one for each major version."""
    folder = folder.strip("/")
    found = [
        name
        for name in archive.namelist()
        if name.startswith(f"{folder}/") and name.endswith("/task.json") and name.count("/") <= folder.count("/") + 2
    ]
    if not found:
        raise KeyError(f"{folder}/task.json")
    return found


def _read_definition(archive: zipfile.ZipFile, package: Path, task_json: str, contribution: str) -> TaskDefinition:
    data = json.loads(archive.read(task_json).decode("utf-8-sig"))
    version = data["version"]
    return TaskDefinition(
        id=data["id"].lower(),
        name=data["name"],
        version=".".join(str(int(version[part])) for part in ("Major", "Minor", "Patch")),
        friendly_name=data.get("friendlyName", ""),
        description=data.get("description", ""),
        author=data.get("author", ""),
        help=data.get("helpUrl") or data.get("helpMarkDown", ""),
        inputs=tuple(_read_input(each) for each in data.get("inputs", [])),
        handlers=_read_handlers(data),
        outputs=tuple(each["name"] for each in data.get("outputVariables", [])),
        restrictions=_read_restrictions(data.get("restrictions", {})),
        contribution=contribution,
        package=package,
        folder=task_json.removesuffix("/task.json"),
    )


def _read_input(data: Mapping[str, Any]) -> TaskInput:
    default = data.get("defaultValue", "")
    return TaskInput(
        name=data["name"],
        type=data["type"],
        default=str(default).lower() if isinstance(default, bool) else str(default),
        required=data.get("required") in (True, "true", "True"),
        conditional=bool(data.get("visibleRule")),
        aliases=tuple(data.get("aliases", ())),
    )


def _read_handlers(data: Mapping[str, Any]) -> dict[str, Handler]:
    chosen = {}
    for phase in _PHASES:
        offered = data.get(phase, {})
        for name in _NODE_HANDLERS:
            if name in offered:
                chosen[phase] = Handler(offered[name]["target"], offered[name].get("workingDirectory", ""))
                break
    return chosen


def _read_restrictions(data: Mapping[str, Any]) -> Restrictions:
    settable = data.get("settableVariables", {}).get("allowed")
    return Restrictions(
        restricted=data.get("commands", {}).get("mode") == "restricted",
        settable=None if settable is None else tuple(settable),
    )
