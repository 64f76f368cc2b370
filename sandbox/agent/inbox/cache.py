"""Cache@2: a folder from an earlier run, found by its key; saved when the job is over and has succeeded.

After microsoft/azure-pipelines-agent, src/Agent.Plugins/PipelineCache. What the service keeps lies in the agent's work
folder here; a run sees what its own branch and main have saved.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.agent.errors import StepError
from sandbox.agent.inbox.patterns import find
from sandbox.agent.invocation import Invocation
from sandbox.agent.tasks import TaskDefinition, TaskInput

_MAIN = "refs/heads/main"
_RAN = "RESTORE_STEP_RAN"
_WILDCARD = "**"
_FOLDER = "_caches"


@dataclass(frozen=True)
class _Saved:
    """segments: of its key. saved_at: seconds since 1970."""

    segments: list[str]
    saved_at: float
    files: Path

    def matches(self, wanted: list[str]) -> bool:
        if wanted[-1] != _WILDCARD:
            return self.segments == wanted
        return self.segments[: len(wanted) - 1] == wanted[:-1]


def _restore(invocation: Invocation) -> None:
    key = _resolved(invocation, invocation.input("key"), "key")
    others = [line for line in map(str.strip, invocation.input("restoreKeys").splitlines()) if line]
    wanted = [key, *([*_resolved(invocation, line, "restore key"), _WILDCARD] for line in others)]
    found = _find(invocation, wanted)
    step = invocation.step
    if found is None:
        step.output("There is a cache miss.")
    else:
        step.output(f"Entry found at fingerprint: `{'|'.join(found.segments)}`")
        shutil.copytree(found.files, _path(invocation), symlinks=True, dirs_exist_ok=True)
        step.output("Cache restored.")
    if variable := invocation.input("cacheHitVar"):
        hit = "false" if found is None else "true" if found.segments == key else "inexact"
        step.job.variables.set(variable, hit)
    step.task_variables.set(_RAN, "true")


def _save(invocation: Invocation) -> None:
    step, job = invocation.step, invocation.step.job
    if job.verdict is not None and job.verdict.name != "Succeeded":
        step.output("Skipping because the job status was not 'Succeeded'.")
        return
    if step.task_variables.get(_RAN) is None:
        step.output("Skipping because restore step did not run.")
        return
    key = _resolved(invocation, invocation.input("key"), "key")
    if _find(invocation, [key]):
        step.output(f"Cache with fingerprint `{'|'.join(key)}` already exists.")
        return
    source = _path(invocation)
    if not source.is_dir():
        raise StepError(f"Could not find a part of the path '{source}'.")
    folder = _scope(job.directory("Agent.WorkFolder"), job.variables.get("Build.SourceBranch") or "")
    digest = hashlib.sha256("|".join(key).encode()).hexdigest()
    shutil.copytree(source, folder / digest, symlinks=True, dirs_exist_ok=True)
    (folder / f"{digest}.json").write_text(json.dumps({"segments": key, "savedAt": time.time()}))
    step.output("Saved item.")


def _find(invocation: Invocation, wanted: list[list[str]]) -> _Saved | None:
    """The first of the keys that finds something: exactly, or the latest of a prefix."""
    saved = list(_visible(invocation))
    for key in wanted:
        matching = [each for each in saved if each.matches(key)]
        if matching:
            return max(matching, key=lambda each: each.saved_at)
    return None


def _visible(invocation: Invocation) -> Iterator[_Saved]:
    job = invocation.step.job
    for branch in dict.fromkeys((job.variables.get("Build.SourceBranch") or "", _MAIN)):
        for path in _scope(job.directory("Agent.WorkFolder"), branch).glob("*.json"):
            entry = json.loads(path.read_text())
            yield _Saved(entry["segments"], entry["savedAt"], path.with_suffix(""))


def _scope(work: Path, branch: str) -> Path:
    return work / _FOLDER / hashlib.sha256(branch.encode()).hexdigest()[:16]


def _path(invocation: Invocation) -> Path:
    return invocation.step.job.directory("System.DefaultWorkingDirectory") / invocation.input("path")


def _resolved(invocation: Invocation, key: str, what: str) -> list[str]:
    """The key's segments, with files replaced by a digest of their content."""
    step = invocation.step
    step.output(f"Resolving {what}:")
    segments = []
    for segment in filter(None, map(str.strip, key.split("|"))):
        if segment in ("*", _WILDCARD) or segment[0] in "'`":
            raise StepError(f"`{segment}` cannot be a key segment.")
        is_text = (segment[0] == segment[-1] == '"') or not ({".", "/"} & set(segment)) or segment[-1] == "."
        step.output(f" - {segment} [{'string' if is_text else 'file pattern'}]")
        segments.append(segment if is_text else _digest(invocation, segment))
    step.output(f"Resolved to: {'|'.join(segments)}")
    return segments


def _digest(invocation: Invocation, patterns: str) -> str:
    folder = invocation.step.job.directory("System.DefaultWorkingDirectory")
    files = find(folder, "\n".join(pattern.strip() for pattern in patterns.split(",")))
    if not files:
        raise StepError(f"No matching files found for pattern: {patterns}")
    content = "".join(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in files)
    return hashlib.sha256(content.encode()).hexdigest()


TASKS = (
    TaskDefinition(
        id="d53ccab4-555e-4494-9d06-11db043fb4a9",
        name="Cache",
        version="2.198.0",
        friendly_name="Cache",
        description="Cache files between runs",
        author="Microsoft Corporation",
        inputs=(
            TaskInput("key", required=True),
            TaskInput("path", required=True),
            TaskInput("cacheHitVar"),
            TaskInput("restoreKeys", "multiLine"),
        ),
        run=_restore,
        post=_save,
    ),
)
