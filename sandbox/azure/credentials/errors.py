"""What is refused about secrets."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def not_found(name: str) -> HistoryError:
    return HistoryError(404, "UserError", f"The secret {name} was not found in the key vault of the workspace.")


def bad_name(name: str) -> HistoryError:
    return HistoryError(
        400, "UserError", f"The secret name '{name}' is invalid: it has 1 to 127 letters, digits and hyphens."
    )
