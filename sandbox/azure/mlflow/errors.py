"""What MLflow tracking refuses, in the form of its own protocol."""

from __future__ import annotations

from typing import Any

from sandbox.azure.wire import AzureError


class TrackingError(AzureError):
    @property
    def body(self) -> dict[str, Any]:
        return {"error_code": self.code, "message": self.message}


def run_not_found(name: str) -> TrackingError:
    return TrackingError(404, "RESOURCE_DOES_NOT_EXIST", f"Run '{name}' not found.")


def experiment_not_found(name: str) -> TrackingError:
    return TrackingError(404, "RESOURCE_DOES_NOT_EXIST", f"Experiment '{name}' not found.")


def experiment_exists(name: str) -> TrackingError:
    return TrackingError(400, "RESOURCE_ALREADY_EXISTS", f"Experiment '{name}' already exists.")


def parameter_is_kept(key: str, old: str, new: str) -> TrackingError:
    return TrackingError(
        400,
        "INVALID_PARAMETER_VALUE",
        f"Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for the "
        f"run. Attempted logging new value '{new}'.",
    )


def too_many(what: str, count: int, most: int) -> TrackingError:
    return TrackingError(
        400, "INVALID_PARAMETER_VALUE", f"A batch logging request can contain at most {most} {what}. Got {count}."
    )


def not_played(what: str) -> TrackingError:
    return TrackingError(501, "NOT_IMPLEMENTED", f"The sandbox does not play {what}.")


def job_ends_itself(name: str) -> TrackingError:
    return TrackingError(
        400, "INVALID_PARAMETER_VALUE", f"The state of run '{name}' is its job's, and is not changed by MLflow."
    )
