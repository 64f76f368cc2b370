"""What the release area refuses."""

# ruff: noqa: A002  (type is what the service calls it)
from __future__ import annotations

from sandbox.wire import ServiceError


def release_not_found(release_id: int) -> ServiceError:
    return ServiceError(404, "ReleaseNotFoundException", f"VS402887: Release with ID {release_id} does not exist.")


def deployment_not_found(environment_id: int, attempt: int, plan_id: str) -> ServiceError:
    return ServiceError(
        404,
        "DeploymentResourceNotFoundException",
        f"The stage {environment_id} has no attempt {attempt} with the plan {plan_id}.",
    )


def attachment_not_found(type: str, name: str) -> ServiceError:
    return ServiceError(404, "AttachmentNotFoundException", f"There is no attachment {type}/{name}.")
