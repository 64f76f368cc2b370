"""What is refused about the files of a run."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def not_found(path: str, run: str) -> HistoryError:
    return HistoryError(404, "UserError", f"The artifact {path} of the run {run} was not found.")


def bad_path(path: str) -> HistoryError:
    return HistoryError(400, "UserError", f"An artifact cannot be called '{path}'.")


def wrong_experiment(experiment: str, run: str) -> HistoryError:
    return HistoryError(404, "UserError", f"Run {run} not found in the experiment {experiment}")
