"""What the platform asks of Azure ML, whichever SDK it is asked by: `v1` and `v2` answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from amltasks.data import Data
from amltasks.platforms.azureml.connection import Workspace
from amltasks.platforms.azureml.environment import JobEnvironment
from amltasks.platforms.azureml.request import Identity
from amltasks.quoting import listed, nearest

ACTIVE = frozenset(
    {"NotStarted", "Queued", "Preparing", "Provisioning", "Starting", "Running", "Finalizing", "CancelRequested"}
)
ENDING = frozenset({"CancelRequested", "Finalizing"})
CANCELED = frozenset({"Canceled", "CancelRequested"})


class JobSpec(Data):
    """What is asked of Azure ML. variables: of the environment; code: the snapshot's folder; timeout: seconds.

    compute: empty for serverless machines of instance_type.
    """

    name: str
    display_name: str
    experiment: str
    command: str
    code: Path
    runs_in: JobEnvironment
    variables: dict[str, str]
    tags: dict[str, str]
    outputs: dict[str, str] = {}
    compute: str = ""
    instance_type: str = ""
    instance_count: int = 1
    identity: Identity | None = None
    timeout: float | None = None


class Job(Data):
    """A job as the workspace tells of it."""

    name: str
    status: str
    studio: str = ""
    experiment: str = ""
    tags: dict[str, str] = {}
    variables: dict[str, str] = {}


class _Told(Data):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class RunError(_Told):
    code: str | None = None
    message: str | None = None
    details: tuple[RunError, ...] | None = None


class _ErrorHolder(_Told):
    error: RunError | None = None


class _Warning(_Told):
    message: str | None = None


class RunDetails(_Told):
    """log_files: name → address, signed for some time."""

    status: str = ""
    error: _ErrorHolder | None = None
    warnings: tuple[_Warning, ...] | None = None
    log_files: dict[str, str] = Field(default={}, repr=False)


class Service(Protocol):
    """Jobs of one workspace. Every method blocks, may be called from several threads, repeats what may be repeated, and
    raises ServiceError where Azure ML fails, UserError where it refuses."""

    workspace: Workspace
    details_requests: int  # that `details` makes

    def open(self) -> None:
        """Comes first. Raises UserError where there is no such workspace, or no right to see it."""

    def check_compute(self, name: str) -> None:
        """Raises UserError, with the names that there are, where there is no such cluster."""

    def submit(self, spec: JobSpec) -> Job:
        """The same name again is the same job, so this may be repeated."""

    def find(self, name: str) -> Job | None:
        """The job of that name, if there is one."""

    def tagged(self, name: str, value: str) -> Iterator[Job]:
        """Those with the tag, the newest first."""

    def left(self, name: str, value: str) -> Iterator[Job]:
        """The same, and of those that are not over also the ones whose submitter was gone before they had tags."""

    def cancel(self, name: str) -> None:
        """Asks for it; one that has ended already is no error."""

    def download(self, name: str, folder: Path) -> Path:
        """What an ended job has left, logs included: the folder, the given one or one below it, that holds it."""

    def details(self, name: str) -> RunDetails:
        """What Azure ML tells of a job just now."""

    def metrics(self, name: str) -> dict[str, float]:
        """The last value of each metric that the notebook has logged."""

    def close(self) -> None: ...


def there_are(name: str, known: list[str]) -> str:
    """The end of a sentence that says that `name` is not there."""
    return f"{nearest(name, known)}: there are {listed(known)}." if known else "."
