"""What the approvals area refuses."""

from __future__ import annotations

from sandbox.wire import ServiceError


def approval_not_found(identifier: str) -> ServiceError:
    return ServiceError(
        404, "PipelineApprovalNotFoundException", f"Pipeline approval(s) with id {identifier} could not be found."
    )


def already_decided(identifier: str, status: str) -> ServiceError:
    return ServiceError(
        400, "ApprovalAlreadyCompletedException", f"The approval {identifier} is already completed: it is {status}."
    )
