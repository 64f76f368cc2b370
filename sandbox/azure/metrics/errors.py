"""What is refused about metrics."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def not_found(name: str, run: str) -> HistoryError:
    return HistoryError(404, "UserError", f"The run {run} has no metric {name}")


def other_kind(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The metric {name} was logged before as one of another kind")


def too_many(count: int, most: int) -> HistoryError:
    return HistoryError(400, "UserError", f"A batch has at most {most} metrics, not {count}")
