"""What is refused about datastores."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError, MachineLearningError


def no_secrets(name: str) -> MachineLearningError:
    return MachineLearningError(
        400, f"The datastore {name} has no credentials: it is used with the identity of the caller.", code="BadRequest"
    )


def is_the_workspaces(name: str) -> MachineLearningError:
    return MachineLearningError(400, f"The datastore {name} is the workspace's own.", code="BadRequest")


def unknown(name: str) -> HistoryError:
    """In the data plane."""
    return HistoryError(404, "UserError", f"Could not find datastore with name: {name}")


def exists(name: str) -> HistoryError:
    """The SDK v1 knows by these words that it is to change the one that there is, where it may."""
    return HistoryError(
        400,
        "UserError",
        f"Another datastore with the same name already exists: {name}. Datastore names are case insensitive.",
    )


def not_played(kind: str) -> HistoryError:
    return HistoryError(501, "NotImplementedInSandbox", f"The sandbox does not play datastores of the type {kind}.")


def unknown_account(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The storage account {name} could not be reached: there is none.")


def wrong_key(account: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The account key is not that of the storage account {account}.")
