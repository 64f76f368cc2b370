"""Runs for a pull request: what is built, and what the job is told of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox.agent import PipelineError
from tests.sandbox.agent.pipelines import Pipelines

TELL = """
steps:
  - script: |
      cat source.txt target.txt
      git cat-file -p HEAD | grep parent
      for name in BUILD_REASON BUILD_SOURCEBRANCH SYSTEM_PULLREQUEST_PULLREQUESTID \\
          SYSTEM_PULLREQUEST_PULLREQUESTITERATION SYSTEM_PULLREQUEST_SOURCEBRANCH SYSTEM_PULLREQUEST_TARGETBRANCH; do
        eval echo "$name=\\$$name"
      done
    displayName: tell
    condition: eq(variables['Build.Reason'], 'PullRequest')
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def push(folder: Path, branch: str, files: dict[str, str]) -> str:
    """Commit files on a branch, which begins where main is; main is checked out again."""
    known = git(folder, "branch", "--list", branch)
    git(folder, "switch", "-q", *([] if known else ["-c"]), branch)
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", f"on {branch}")
    git(folder, "switch", "-q", "main")
    return git(folder, "rev-parse", branch)


def test_the_merge_is_built_and_every_push_is_an_iteration(pipelines: Pipelines) -> None:
    pipelines.write({"azure-pipelines.yml": TELL})
    folder = pipelines.repository
    source = push(folder, "feature/x", {"source.txt": "from the source\n"})
    push(folder, "main", {"target.txt": "from the target\n"})

    first = pipelines.run(TELL, pull_request=("feature/x", "main"))
    again = pipelines.run(TELL, pull_request=("refs/heads/feature/x", "refs/heads/main"))
    push(folder, "feature/x", {"more.txt": "more\n"})
    third = pipelines.run(TELL, pull_request=("feature/x", "main"))

    told = first.log("tell")
    assert {"from the source", "from the target", "BUILD_REASON=PullRequest", f"parent {source}"} <= set(told)
    number = first.build.source_branch.split("/")[2]
    assert {
        f"BUILD_SOURCEBRANCH=refs/pull/{number}/merge",
        f"SYSTEM_PULLREQUEST_PULLREQUESTID={number}",
        "SYSTEM_PULLREQUEST_PULLREQUESTITERATION=1",
        "SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/feature/x",
        "SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main",
    } <= set(told)
    assert "SYSTEM_PULLREQUEST_PULLREQUESTITERATION=1" in again.log("tell")
    assert "SYSTEM_PULLREQUEST_PULLREQUESTITERATION=2" in third.log("tell")
    assert git(folder, "for-each-ref", "--format=%(refname)") == "refs/heads/feature/x\nrefs/heads/main"


def test_branches_that_conflict_or_are_not_there_are_refused(pipelines: Pipelines) -> None:
    pipelines.write({"azure-pipelines.yml": TELL})
    push(pipelines.repository, "feature", {"same.txt": "one\n"})
    push(pipelines.repository, "main", {"same.txt": "other\n"})

    with pytest.raises(PipelineError, match=r"CONFLICT .* in same\.txt"):
        pipelines.run(TELL, pull_request=("feature", "main"))
    with pytest.raises(PipelineError, match="rev-parse failed"):
        pipelines.run(TELL, pull_request=("nowhere", "main"))
