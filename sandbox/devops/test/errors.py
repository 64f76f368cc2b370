"""What the test area refuses."""

from __future__ import annotations

from sandbox.wire import ServiceError


def run_not_found(run_id: int) -> ServiceError:
    return ServiceError(404, "TestObjectNotFoundException", f"Test run {run_id} cannot be found.")


def result_not_found(run_id: int, result_id: int) -> ServiceError:
    return ServiceError(
        404, "TestObjectNotFoundException", f"Test result {result_id} of test run {run_id} cannot be found."
    )


def sub_result_not_found(result_id: int, sub_result_id: int) -> ServiceError:
    return ServiceError(
        404, "TestObjectNotFoundException", f"Sub-result {sub_result_id} of test result {result_id} cannot be found."
    )


def attachment_not_found(attachment_id: int) -> ServiceError:
    return ServiceError(404, "TestObjectNotFoundException", f"Attachment {attachment_id} cannot be found.")


def invalid(message: str) -> ServiceError:
    return ServiceError(400, "InvalidPropertyException", message)


def illegal_state(message: str) -> ServiceError:
    return ServiceError(409, "TestObjectUpdatedException", message)
