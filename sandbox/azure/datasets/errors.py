"""What is refused about datasets."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def not_found(name: str) -> HistoryError:
    return HistoryError(404, "UserError", f"There is no dataset {name} in the workspace.")


def exists(name: str) -> HistoryError:
    return HistoryError(409, "UserError", f"There is a dataset registered under the name {name} already.")


def registered(saved: str, name: str, version: str) -> HistoryError:
    """The SDK looks for the end of the sentence."""
    return HistoryError(400, "UserError", f"Dataset {saved} has been registered as {name}:{version} (name:version).")


def bad_dataflow() -> HistoryError:
    return HistoryError(400, "UserError", "The dataset's dataflow is no JSON with the member meta.RsDataflow, a text.")


def data_not_found(name: str, version: str) -> HistoryError:
    return HistoryError(404, "UserError", f"There is no data asset {name}:{version} in the workspace.")
