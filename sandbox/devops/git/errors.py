"""What the git area refuses."""

from __future__ import annotations

from sandbox.wire import ServiceError


def repository_not_found(name: str) -> ServiceError:
    return ServiceError(
        404,
        "GitRepositoryNotFoundException",
        f"TF401019: The Git repository with name or identifier {name} does not exist or you do not have permissions "
        "for the operation you are attempting.",
    )


def commit_not_found(version: str) -> ServiceError:
    return ServiceError(
        404,
        "GitUnresolvableToCommitException",
        f"TF401175: The version descriptor <{version}> could not be resolved to a version in the repository.",
    )


def item_not_found(path: str, version: str) -> ServiceError:
    return ServiceError(
        404, "GitItemNotFoundException", f"TF401174: The item {path} could not be found at version <{version}>."
    )


def pull_request_not_found(number: int) -> ServiceError:
    return ServiceError(
        404,
        "GitPullRequestNotFoundException",
        f"TF401180: The requested pull request {number} was not found.",
    )
