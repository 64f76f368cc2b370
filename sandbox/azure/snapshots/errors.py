"""What is refused about snapshots."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def not_found(name: str) -> HistoryError:
    return HistoryError(404, "UserError", f"Snapshot {name} not found")


def no_parent(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The parent snapshot {name} was not found")


def exists(name: str) -> HistoryError:
    return HistoryError(409, "UserError", f"Snapshot {name} exists already")


def bad_path(path: str) -> HistoryError:
    return HistoryError(400, "UserError", f"A file of a snapshot cannot be called '{path}'")


def not_uploaded(path: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The file {path} was not uploaded, and the parent snapshot does not have it")
