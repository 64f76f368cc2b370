"""What is refused about submitted runs."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def exists(name: str) -> HistoryError:
    return HistoryError(409, "UserError", f"A run with the id {name} exists already")


def nothing_to_run(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The run {name} has neither script nor command, or both")


def no_script(script: str, snapshot: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The script {script} is not in the snapshot {snapshot}")


def no_snapshot(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"Snapshot {name} not found")


def no_environment(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The environment {name} is none of the workspace's")
