"""What is refused about the files of a run."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def not_found(path: str, container: str) -> HistoryError:
    return HistoryError(404, "UserError", f"The artifact {path} of the container {container} was not found.")


def no_container(origin: str, container: str) -> HistoryError:
    return HistoryError(404, "UserError", f"There is no container {container} of the origin {origin}.")


def bad_path(path: str) -> HistoryError:
    return HistoryError(400, "UserError", f"An artifact cannot be called '{path}'.")
