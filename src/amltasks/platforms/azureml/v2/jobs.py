"""Jobs of a workspace through the SDK v2: submitted, found again, cancelled, downloaded."""

from __future__ import annotations

import contextlib
import io
import itertools
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltasks.errors import ServiceError
from amltasks.platforms.azureml.answers import answered, repeated
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.environment import JobEnvironment
from amltasks.platforms.azureml.service import ACTIVE, ENDING, Job, JobSpec
from amltasks.platforms.azureml.v2.client import Client

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_LIMIT_MARGIN = 1800  # seconds over the notebook's own time-out: the environment may be built within them


class Jobs(Client):
    """Of one workspace."""

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud) -> None:
        super().__init__(workspace, credential, cloud)
        self._sent: dict[Path, str] = {}  # snapshot's folder → its code asset
        self._made: dict[str, str] = {}  # environment → its asset
        self._sending = threading.Lock()

    def submit(self, spec: JobSpec) -> Job:
        """Submits it. The same name again is the same job, so this may be repeated. Raises ServiceError, UserError."""
        # One at a time until its snapshot and environment are there: the next one then only names them.
        key = spec.runs_in.model_dump_json()
        with self._sending:
            new = spec.code not in self._sent or key not in self._made
            if new:
                with contextlib.redirect_stderr(io.StringIO()):  # the SDK's colours, whatever progress it may show
                    return self._submitted_once(spec, key)
        return self._submitted_once(spec, key)

    def _submitted_once(self, spec: JobSpec, key: str) -> Job:
        """Tried several times if need be; where an answer was lost, the job may be there already."""
        tries = itertools.count()
        return repeated(lambda: (next(tries) and self._find(spec.name)) or self._submitted(spec, key))

    def _submitted(self, spec: JobSpec, key: str) -> Job:
        job = self._command(spec, self._sent.get(spec.code), self._made.get(key))
        with answered(f"{spec.display_name} could not be submitted"):
            created = self._client.jobs.create_or_update(job)
        self._sent[spec.code], self._made[key] = str(created.code), str(created.environment)
        return _job(created)

    def _command(self, spec: JobSpec, code: str | None, environment: str | None) -> Any:
        from azure.ai.ml import Output, command
        from azure.ai.ml.entities import ManagedIdentityConfiguration, UserIdentityConfiguration

        identity: Any = None
        if spec.identity:
            managed = ManagedIdentityConfiguration(client_id=spec.identity.client_id or None)
            identity = managed if spec.identity.kind == "managed" else UserIdentityConfiguration()
        outputs = {name: Output(type="uri_folder", path=place or None) for name, place in spec.outputs.items()}
        where: dict[str, Any] = {"compute": spec.compute}
        if not spec.compute:
            where = {"instance_type": spec.instance_type or None, "instance_count": spec.instance_count}
        return command(
            name=spec.name,
            display_name=spec.display_name,
            experiment_name=spec.experiment,
            command=spec.command,
            code=code or str(spec.code),
            environment=environment or _environment(spec.runs_in),
            environment_variables=spec.variables,
            tags=spec.tags,
            outputs=outputs,
            identity=identity,
            timeout=None if spec.timeout is None else int(spec.timeout + _LIMIT_MARGIN),
            **where,
        )

    def find(self, name: str) -> Job | None:
        """The job of that name, if there is one."""
        return repeated(lambda: self._find(name))

    def _find(self, name: str) -> Job | None:
        from azure.core.exceptions import ResourceNotFoundError

        with answered(f"The job {name} could not be looked for"):
            try:
                return _job(self._client.jobs.get(name))
            except ResourceNotFoundError:
                return None

    def tagged(self, name: str, value: str) -> Iterator[Job]:
        """Those with the tag, the newest first."""
        return iter(repeated(lambda: self._tagged(f"{name}={value}")))

    def left(self, name: str, value: str) -> Iterator[Job]:
        """A job is submitted with its tags."""
        return self.tagged(name, value)

    def _tagged(self, tag: str) -> list[Job]:
        with answered("The jobs could not be listed"):
            listed_jobs = self._client.jobs.list(tag=tag)  # type: ignore[call-arg,unused-ignore]
            return [_job(found) for found in listed_jobs if found is not None]

    def cancel(self, name: str) -> None:
        """Asks for it; one that has ended already is no error."""
        repeated(lambda: self._cancel(name))

    def _cancel(self, name: str) -> None:
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        with answered(f"The job {name} could not be cancelled"):
            try:
                self._client.jobs.begin_cancel(name, polling=False)
            except ResourceNotFoundError:
                return
            except HttpResponseError as error:
                job = self._find(name) if error.status_code in (400, 409) else None
                if job is None or job.status in ACTIVE - ENDING:
                    raise

    def download(self, name: str, folder: Path) -> Path:
        """What an ended job has left, logs included: the folder below the given one that holds it."""
        what = f"What the job {name} has left could not be downloaded"

        def download() -> None:
            with answered(what):
                try:
                    self._client.jobs.download(name, download_path=folder)
                except OSError as error:
                    raise ServiceError(f"{what}: {error}") from error

        repeated(download)
        return folder / "artifacts"


def _job(found: Any) -> Job:
    services: Mapping[str, Any] = found.services or {}
    variables = getattr(found, "environment_variables", None) or {}
    studio = services.get("Studio")
    return Job(
        name=found.name,
        status=found.status or "NotStarted",
        studio=str(getattr(studio, "endpoint", "") or ""),
        experiment=found.experiment_name or "",
        tags={str(name): str(value) for name, value in (found.tags or {}).items()},
        variables={str(name): str(value) for name, value in variables.items()},
    )


def _environment(wanted: JobEnvironment) -> Any:
    from azure.ai.ml.entities import Environment

    if wanted.named:
        return wanted.named
    return Environment(image=wanted.image, conda_file=wanted.conda)
