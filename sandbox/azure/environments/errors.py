"""What is refused about definitions of environments."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def not_found(name: str) -> HistoryError:
    """name: with its version, where one was asked for."""
    return HistoryError(404, "UserError", f"No environment {name} exists in the workspace.")


def changed(name: str, version: str) -> HistoryError:
    return HistoryError(
        409, "UserError", f"The environment {name} has a version {version} already, which is another: none is changed."
    )


def other_name(asked: str, path: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The definition is that of {asked}, not of {path}.")
