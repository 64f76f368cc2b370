"""What run history refuses."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def run_not_found(name: str) -> HistoryError:
    return HistoryError(404, "UserError", f"Run {name} not found")


def experiment_not_found(name: str) -> HistoryError:
    return HistoryError(404, "UserError", f"Experiment {name} not found")


def property_is_kept(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The run's property {name} has a value already; properties are immutable.")
