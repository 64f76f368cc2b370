"""What the core area refuses."""

from __future__ import annotations

from sandbox.wire import ServiceError


def project_not_found(name: str) -> ServiceError:
    return ServiceError(
        404,
        "ProjectDoesNotExistWithNameException",
        f"TF200016: The following project does not exist: {name}. "
        "Verify that the name of the project is correct and that the project exists.",
    )
