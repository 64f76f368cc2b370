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


def iteration_not_found(iteration: int) -> ServiceError:
    return ServiceError(404, "GitPullRequestNotFoundException", f"The pull request has no iteration {iteration}.")


def not_allowed(identity: str) -> ServiceError:
    return ServiceError(
        403,
        "GitNeedsPermissionException",
        "TF401027: You need the Git 'PullRequestContribute' permission to perform this action. "
        f"Details: identity '{identity}', scope 'repository'.",
    )


def not_the_author() -> ServiceError:
    return ServiceError(403, "DiscussionPermissionException", "Only the author of a comment can change it.")


def thread_not_found(number: int) -> ServiceError:
    return ServiceError(404, "DiscussionThreadNotFoundException", f"The discussion thread {number} was not found.")


def comment_not_found(number: int) -> ServiceError:
    return ServiceError(404, "DiscussionCommentNotFoundException", f"The comment {number} was not found.")


def comment_too_long(limit: int) -> ServiceError:
    return ServiceError(
        400,
        "ArgumentException",
        f"A discussion comment cannot be longer than {limit} characters.\r\nParameter name: comment.Content",
    )


def attachment_exists(name: str) -> ServiceError:
    return ServiceError(400, "AttachmentAlreadyExistsException", f"There is an attachment {name} already.")


def attachment_not_found(name: str) -> ServiceError:
    return ServiceError(404, "AttachmentNotFoundException", f"The attachment {name} was not found.")
