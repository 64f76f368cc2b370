"""What a scoring server is started with, and how that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

READY_SECONDS = 120.0


class Cause(Enum):
    """Why a server did not start."""

    IMAGE = "its image could not be made"
    FILES = "its model or code could not be fetched"
    CRASH = "its process ended"
    PROBE = "it did not answer in time"


class StartFailedError(Exception):
    """log: the end of the container's log, or of the image's. code: the exit code of a process that ended."""

    def __init__(self, cause: Cause, message: str, log: str = "", code: int | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.log = log
        self.code = code


@dataclass(frozen=True)
class Spec:
    """A deployment, as its container sees it.

    environment: the properties of an environment's version (image, condaFile). fetch: writes the files into an empty
    folder, and may raise execution.places.UnknownPlaceError. root and models: folders in it, which become
    AML_APP_ROOT and AZUREML_MODEL_DIR; models may be empty: there are none. script: below root. variables: of the
    deployment's own. network: given a folder, the variables by which the process reaches the sandbox. ready: seconds
    until `GET /` must be answered 200.
    """

    environment: Mapping[str, Any]
    fetch: Callable[[Path], None]
    script: str
    root: str = "code"
    models: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    network: Callable[[Path], Mapping[str, str]] = lambda _: {}
    workers: int = 1
    ready: float = READY_SECONDS
