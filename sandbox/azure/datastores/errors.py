"""What is refused about datastores."""

from __future__ import annotations

from sandbox.azure.machine_learning import MachineLearningError


def no_secrets(name: str) -> MachineLearningError:
    return MachineLearningError(
        400, f"The datastore {name} has no credentials: it is used with the identity of the caller.", code="BadRequest"
    )


def is_the_workspaces(name: str) -> MachineLearningError:
    return MachineLearningError(400, f"The datastore {name} is the workspace's own.", code="BadRequest")
