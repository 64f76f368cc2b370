"""A workspace through the SDK v1: runs are submitted, found again, watched, cancelled, downloaded.

`Run.wait_for_completion` is not used: it waits for one run alone, and two seconds before it looks.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.answers import repeated
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.service import Job, JobSpec, RunDetails, there_are
from amltasks.platforms.azureml.step import BUILD, NOTEBOOK
from amltasks.platforms.azureml.v1.answers import answered, status_of
from amltasks.platforms.azureml.v1.authentication import authentication
from amltasks.platforms.azureml.v1.bounds import make_ready
from amltasks.platforms.azureml.v1.environments import environment_of
from amltasks.quoting import quoted

if TYPE_CHECKING:
    import azureml.core as sdk
    from azure.core.credentials import TokenCredential

_LIMIT_MARGIN = 1800  # seconds over the notebook's own time-out: the environment may be built within them
_TAGS = {"file": NOTEBOOK, "devops_run_id": BUILD}  # by which runs were found before there were ours
_Answer = TypeVar("_Answer")


class ServiceV1:
    """See `service.Service`."""

    details_requests = 3

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud, experiment: str) -> None:
        self.workspace = workspace
        self._credential = credential
        self._cloud = cloud
        self._experiment_name = experiment
        self._runs: dict[str, sdk.Run] = {}
        self._sent: set[Path] = set()  # snapshots' folders
        self._environments: dict[str, sdk.Environment] = {}
        self._alone = threading.Lock()

    def open(self) -> None:
        make_ready()
        self._workspace = repeated(self._opened)

    def _opened(self) -> sdk.Workspace:
        from azureml.core import Workspace as SdkWorkspace

        place = self.workspace
        group = {"subscription_id": place.subscription, "resource_group": place.resource_group}
        signed_in = authentication(self._credential, self._cloud)
        with answered(f"The workspace {place.name} cannot be used"):
            try:
                return SdkWorkspace.get(place.name, auth=signed_in, cloud=self._cloud.name, **group)
            except Exception as error:
                if status_of(error) != HTTPStatus.NOT_FOUND:
                    raise
            known = sorted(SdkWorkspace.list(auth=signed_in, **group))
        raise UserError(
            f"There is no workspace {quoted(place.name)} in the resource group {quoted(place.resource_group)}"
            f"{there_are(place.name, known)}"
        )

    @cached_property
    def _experiment(self) -> sdk.Experiment:
        from azureml.core import Experiment

        return Experiment(self._workspace, self._experiment_name)

    def check_compute(self, name: str) -> None:
        from azureml.core import ComputeTarget

        def names_of_all() -> list[str]:
            with answered(f"The compute {name} cannot be used"):
                return sorted(target.name for target in ComputeTarget.list(self._workspace))

        names = repeated(names_of_all)
        if name not in names:
            where = f"in the workspace {self.workspace.name}"
            raise UserError(f"compute: {quoted(name)} is not {where}{there_are(name, names)}")

    def submit(self, spec: JobSpec) -> Job:
        # One at a time until its snapshot is there: the next one then only names it.
        with self._alone:
            if spec.code not in self._sent:
                return self._submitted(spec)
        return self._submitted(spec)

    def _submitted(self, spec: JobSpec) -> Job:
        """Tried several times if need be; where an answer was lost, the run may be there already."""
        tries = itertools.count()

        def submit() -> Job:
            run = (next(tries) and self._run(spec.name)) or self._started(spec)
            with answered(f"{spec.display_name} could not be submitted"):
                run.set_tags({**spec.tags, **{name: spec.tags[tag] for name, tag in _TAGS.items() if tag in spec.tags}})
                run.display_name = spec.display_name
            return _job(run, run.status)

        return repeated(submit)

    def _started(self, spec: JobSpec) -> sdk.Run:
        from azureml.core import ScriptRunConfig

        environment = self._environment(spec)
        with answered(f"{spec.display_name} could not be submitted"):
            config = ScriptRunConfig(
                source_directory=str(spec.code),
                command=spec.command.split(),
                compute_target=spec.compute,
                environment=environment,
                **({} if spec.timeout is None else {"max_run_duration_seconds": int(spec.timeout + _LIMIT_MARGIN)}),
            )
            config.run_config.environment_variables = dict(spec.variables)
            run = self._experiment.submit(config, run_id=spec.name)
        self._sent.add(spec.code)
        self._runs[spec.name] = run
        return run

    def _environment(self, spec: JobSpec) -> sdk.Environment:
        key = spec.runs_in.model_dump_json()
        if key not in self._environments:
            self._environments[key] = environment_of(spec.runs_in, self._workspace)
        return self._environments[key]

    def find(self, name: str) -> Job | None:
        what = f"The job {name} could not be looked for"

        def find() -> Job | None:
            known = name in self._runs
            run = self._run(name)
            if run is None:
                return None
            with answered(what):
                return _job(run, run.get_status() if known else run.status)

        return repeated(find)

    def tagged(self, name: str, value: str) -> Iterator[Job]:
        """Those of this step's experiment: others cannot be listed by the SDK."""
        return iter(repeated(lambda: self._tagged({name: value})))

    def _tagged(self, tags: dict[str, str]) -> list[Job]:
        with answered("The jobs could not be listed"):
            found = list(self._experiment.get_runs(tags=tags))
        for run in found:
            self._runs.setdefault(run.id, run)
        return [_job(run, run.status) for run in found]

    def cancel(self, name: str) -> None:
        def cancel() -> None:
            run = self._run(name)
            if run is not None:
                with answered(f"The job {name} could not be cancelled"):
                    run.get_status()  # tells the address by which it is cancelled, too
                    run.cancel()

        repeated(cancel)

    def download(self, name: str, folder: Path) -> Path:
        what = f"What the job {name} has left could not be downloaded"

        def download(run: sdk.Run) -> None:
            try:
                run.download_files(output_directory=str(folder))
            except OSError as error:
                raise ServiceError(f"{what}: {error}") from error

        self._asked(name, what, download)
        return folder

    def details(self, name: str) -> RunDetails:
        what = f"Azure ML did not tell of the job {name}"
        return RunDetails.model_validate(self._asked(name, what, lambda run: run.get_details()))

    def metrics(self, name: str) -> dict[str, float]:
        """Those of its child runs, too, each after its run's name: `fold.r2`."""
        what = f"Azure ML did not tell of the job {name}"
        logged: dict[str, dict[str, Any]] = self._asked(name, what, lambda run: run.get_metrics(recursive=True))
        found = _last_numbers(logged.get(name, {}))
        if any(run != name and values for run, values in logged.items()):
            children = self._asked(name, what, lambda run: list(run.get_children(recursive=True)))
            for child in children:
                called = (child.name or child.id).rpartition(">")[2]  # the SDK puts the parent's before it
                values = _last_numbers(logged.get(child.id, {}))
                found |= {f"{called}.{metric}": value for metric, value in values.items()}
        return found

    def close(self) -> None:
        """Nothing is kept open."""

    def _asked(self, name: str, what: str, question: Callable[[sdk.Run], _Answer]) -> _Answer:
        def ask() -> _Answer:
            run = self._run(name)
            if run is None:
                raise UserError(f"{what}: there is no such run.")
            with answered(what):
                return question(run)

        return repeated(ask)

    def _run(self, name: str) -> sdk.Run | None:
        """The run of that name, if there is one, as it was when it was first asked for."""
        from azureml.core import Run

        if name not in self._runs:
            with answered(f"The job {name} could not be looked for"):
                try:
                    self._runs[name] = Run.get(self._workspace, name)
                except Exception as error:
                    if status_of(error) != HTTPStatus.NOT_FOUND:
                        raise
                    return None
        return self._runs[name]


def _job(run: sdk.Run, status: str) -> Job:
    return Job(
        name=run.id,
        status=status or "NotStarted",
        studio=run.get_portal_url(),
        experiment=run.experiment.name,
        tags={str(name): str(value) for name, value in (run.tags or {}).items()},
    )


def _last_numbers(values: dict[str, Any]) -> dict[str, float]:
    """Of each metric that is a number, or a list of such, the last."""
    last = {name: value[-1] if isinstance(value, list) and value else value for name, value in values.items()}
    return {name: float(value) for name, value in last.items() if isinstance(value, (int, float))}
