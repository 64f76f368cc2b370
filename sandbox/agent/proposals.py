"""A run for a pull request: what would be, were it completed now, and the variables that tell so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.agent.repository import Commit, branch_of, merge
from sandbox.devops.git.state import PullRequest, Repositories, Repository


@dataclass(frozen=True)
class Proposal:
    """request: with as many iterations as there were pushes. commit: source merged into target, on no branch."""

    request: PullRequest
    source: Commit
    commit: Commit

    def variables(self, repository_uri: str) -> Mapping[str, str]:
        return {
            "System.PullRequest.PullRequestId": str(self.request.id),
            "System.PullRequest.PullRequestIteration": str(len(self.request.iterations)),
            "System.PullRequest.SourceBranch": self.request.source,
            "System.PullRequest.SourceCommitId": self.source.version,
            "System.PullRequest.SourceRepositoryURI": repository_uri,
            "System.PullRequest.TargetBranch": self.request.target,
            "System.PullRequest.TargetBranchName": self.request.target.removeprefix("refs/heads/"),
            "System.PullRequest.IsFork": "False",
        }


def propose(git: Repositories, repository: Repository, source: str, target: str) -> Proposal:
    """Open a pull request between two branches, or push to it where there is one, and merge it for a build.

    PipelineError where there is no such branch, or they cannot be merged.
    """
    tip, base = branch_of(repository.path, source), branch_of(repository.path, target)
    request = git.push(repository, source=tip.branch, target=base.branch, commit=tip.version)
    return Proposal(request, tip, merge(repository.path, tip, base, f"refs/pull/{request.id}/merge"))
