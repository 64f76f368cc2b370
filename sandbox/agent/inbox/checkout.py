"""Checkout: a real git fetch of one commit into the job's sources folder, HEAD detached."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sandbox.agent.errors import StepError
from sandbox.agent.invocation import Invocation
from sandbox.agent.tasks import TaskDefinition, TaskInput


def _checkout(invocation: Invocation) -> None:
    step, job = invocation.step, invocation.step.job
    repository = invocation.input("repository")
    if repository.lower() == "none":
        return
    if repository.lower() != "self":
        raise StepError(f"The sandbox's agent checks out 'self' only, not '{repository}'.")
    target = job.directory("Build.SourcesDirectory")
    if invocation.input("path"):
        target = job.directory("Agent.BuildDirectory") / invocation.input("path")
        for variable in ("Build.SourcesDirectory", "Build.Repository.LocalPath", "System.DefaultWorkingDirectory"):
            job.variables.set(variable, str(target))
    git = _Git(invocation, target)
    step.output(f"Syncing repository: {job.repository.name} (Git)")
    if invocation.flag("clean") and target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True, exist_ok=True)
    if not (target / ".git").exists():
        git.run("init", str(target))
        git.run("remote", "add", "origin", str(job.repository))
    git.run("config", "gc.auto", "0")
    commit = job.variables.get("Build.SourceVersion") or ""
    depth = invocation.input("fetchDepth")
    shallow = [f"--depth={depth}"] if depth not in ("", "0") else []
    what = [f"+{commit}:refs/remotes/origin/{commit}"] if shallow else ["+refs/heads/*:refs/remotes/origin/*"]
    branch = job.variables.get("Build.SourceBranch") or ""
    if branch.startswith("refs/pull/"):
        what.append(f"+{commit}:refs/remotes/{branch.removeprefix('refs/')}")
    tags = "--tags" if invocation.flag("fetchTags") else "--no-tags"
    upload = "--upload-pack=git -c uploadpack.allowAnySHA1InWant=true upload-pack"
    git.run("fetch", "--force", tags, "--prune", "--no-recurse-submodules", *shallow, upload, "origin", *what)
    git.run("checkout", "--force", "--detach", commit)
    if job.working_tree:
        _copy_working_tree(git, job.repository, target)


def _copy_working_tree(git: _Git, source: Path, target: Path) -> None:
    """Bring over what the commit does not have: changed, new and deleted files, but none that git ignores."""
    listed = git.output(source, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    count = 0
    for name in filter(None, listed):
        there, here = source / name, target / name
        if there.is_file() or there.is_symlink():
            here.parent.mkdir(parents=True, exist_ok=True)
            here.unlink(missing_ok=True)
            shutil.copy2(there, here, follow_symlinks=False)
            count += 1
        elif not there.exists():
            here.unlink(missing_ok=True)
    git.invocation.step.output(f"Copied {count} files of the working tree, uncommitted changes included")


class _Git:
    def __init__(self, invocation: Invocation, directory: Path) -> None:
        self.invocation = invocation
        self._directory = directory
        self._environment = {**invocation.step.job.environment, "GIT_TERMINAL_PROMPT": "0"}
        for name in [name for name in self._environment if name.startswith(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX"))]:
            del self._environment[name]
        self._program = shutil.which("git")

    def run(self, *arguments: str) -> None:
        if self._program is None:
            raise StepError("Unable to locate executable file: 'git'.")
        safe = [
            "-c",
            "safe.directory=*",
            "-c",
            "protocol.file.allow=always",
            "-c",
            "advice.detachedHead=false",
            "-c",
            "init.defaultBranch=main",
        ]
        self.invocation.step.command(f"git {' '.join(arguments)}")
        self.invocation.execute([self._program, *safe, *arguments], self._directory, self._environment)

    def output(self, directory: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", *arguments],
            cwd=directory,
            env=self._environment,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise StepError(f"git {arguments[0]} failed: {os.fsdecode(done.stderr).strip()}")
        return os.fsdecode(done.stdout)


TASKS = (
    TaskDefinition(
        id="6d15af64-176c-496d-b583-fd2ae21d4df4",
        name="Checkout",
        version="1.0.0",
        friendly_name="Get sources",
        description="Get sources from a repository. Supports Git, TfsVC, and SVN repositories.",
        author="Microsoft",
        inputs=(
            TaskInput("repository", default="self"),
            TaskInput("clean", "boolean", "false"),
            TaskInput("fetchDepth", default="1"),
            TaskInput("fetchTags", "boolean", "false"),
            TaskInput("path"),
        ),
        run=_checkout,
    ),
)
