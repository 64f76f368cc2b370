"""What git says of the repository that a run checks out."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.agent.errors import PipelineError


@dataclass(frozen=True)
class Commit:
    """branch: a full ref name. message: the first line."""

    repository: Path
    version: str
    branch: str
    message: str

    @property
    def name(self) -> str:
        return self.repository.name


def root_of(path: Path) -> Path:
    """The working tree that a path lies in; PipelineError where there is none."""
    folder = path if path.is_dir() else path.parent
    return Path(_git(folder, "rev-parse", "--show-toplevel"))


def head(repository: Path) -> Commit:
    """The commit that is checked out there. A detached HEAD is known by a branch that points at it, else as main."""
    version = _git(repository, "rev-parse", "HEAD")
    branch = _git(repository, "rev-parse", "--symbolic-full-name", "HEAD")
    if not branch.startswith("refs/heads/"):
        pointing = _git(repository, "for-each-ref", "--points-at", "HEAD", "--format=%(refname)", "refs/heads").split()
        branch = pointing[0] if pointing else "refs/heads/main"
    return Commit(repository, version, branch, _git(repository, "log", "-1", "--format=%s"))


def branch_of(repository: Path, name: str) -> Commit:
    """What a branch is at, named in full or not."""
    branch = name if name.startswith("refs/") else f"refs/heads/{name}"
    version = _git(repository, "rev-parse", "--verify", f"{branch}^{{commit}}")
    return Commit(repository, version, branch, _git(repository, "log", "-1", "--format=%s", version))


def merge(repository: Path, source: Commit, target: Commit, branch: str) -> Commit:
    """A commit of both that belongs to no branch of the repository. branch: what it is called."""
    tree = _git(repository, "merge-tree", "--write-tree", target.version, source.version)
    message = f"Merge pull request from {source.branch} into {target.branch}"
    parents = ("-p", target.version, "-p", source.version)
    identity = ("-c", "user.name=Sandbox", "-c", "user.email=sandbox@example.org")
    return Commit(
        repository, _git(repository, *identity, "commit-tree", tree, *parents, "-m", message), branch, message
    )


def _git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("GIT_DIR", "GIT_WORK_TREE")}
    try:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", *arguments], cwd=folder, env=environment, capture_output=True, check=False
        )
    except OSError as error:
        raise PipelineError(f"git cannot be run in {folder}: {error.strerror or error}") from error
    if done.returncode:
        reason = os.fsdecode(done.stderr).strip().splitlines()[:1] or os.fsdecode(done.stdout).strip().splitlines()[-1:]
        raise PipelineError(f"{folder}: git {arguments[0]} failed: {reason[0] if reason else done.returncode}")
    return os.fsdecode(done.stdout).strip()
