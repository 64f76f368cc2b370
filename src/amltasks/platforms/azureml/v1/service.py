"""A workspace through the SDK v1: runs are submitted, found again, watched, cancelled, downloaded.

`Run.wait_for_completion` is not used: it waits for one run alone, and two seconds before it looks.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltasks.errors import ServiceError
from amltasks.platforms.azureml.answers import repeated
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.service import ACTIVE, Job, JobSpec, RunDetails
from amltasks.platforms.azureml.step import BUILD, NOTEBOOK
from amltasks.platforms.azureml.v1.answers import answered
from amltasks.platforms.azureml.v1.client import Client, last_numbers
from amltasks.platforms.azureml.v1.environments import environment_of

if TYPE_CHECKING:
    import azureml.core as sdk
    from azure.core.credentials import TokenCredential

_LIMIT_MARGIN = 1800  # seconds over the notebook's own time-out: the environment may be built within them
_LABELS = "AMLTASKS_LABELS"
_LATEST = 50  # runs of the experiment that are looked at for such without tags
_TAGS = {"file": NOTEBOOK, "devops_run_id": BUILD}  # by which runs were found before there were ours


class ServiceV1(Client):
    """See `service.Service`."""

    details_requests = 3

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud, experiment: str) -> None:
        super().__init__(workspace, credential, cloud)
        self._experiment_name = experiment
        self._sent: set[Path] = set()  # snapshots' folders
        self._environments: dict[str, sdk.Environment] = {}
        self._alone = threading.Lock()

    @cached_property
    def _experiment(self) -> sdk.Experiment:
        from azureml.core import Experiment

        return Experiment(self._workspace, self._experiment_name)

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
            run = self._runs.get(spec.name) or (next(tries) and self._run(spec.name)) or self._started(spec)
            with answered(f"{spec.display_name} could not be submitted"):
                run.display_name = spec.display_name  # before the tags: one that has these has all
                run.set_tags({**spec.tags, **{name: spec.tags[tag] for name, tag in _TAGS.items() if tag in spec.tags}})
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
            config.run_config.environment_variables = {**spec.variables, _LABELS: json.dumps(spec.tags)}
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

    def left(self, name: str, value: str) -> Iterator[Job]:
        """A run gets its tags once it is submitted; what they were to be is among its variables, too."""
        return itertools.chain(self.tagged(name, value), repeated(lambda: self._unlabelled(name, value)))

    def _unlabelled(self, name: str, value: str) -> list[Job]:
        found = []
        with answered("The jobs could not be listed"):
            for run in itertools.islice(self._experiment.get_runs(), _LATEST):
                if not run.tags and run.status in ACTIVE:
                    variables = run.get_details().get("runDefinition", {}).get("environmentVariables") or {}
                    labels = json.loads(variables.get(_LABELS) or "{}")
                    if labels.get(name) == value:
                        self._runs.setdefault(run.id, run)
                        found.append(_job(run, run.status).model_copy(update={"tags": labels}))
        return found

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

        self._asked_run(name, what, download)
        return folder

    def details(self, name: str) -> RunDetails:
        what = f"Azure ML did not tell of the job {name}"
        return RunDetails.model_validate(self._asked_run(name, what, lambda run: run.get_details()))

    def metrics(self, name: str) -> dict[str, float]:
        """Those of its child runs, too, each after its run's name: `fold.r2`."""
        what = f"Azure ML did not tell of the job {name}"
        logged: dict[str, dict[str, Any]] = self._asked_run(name, what, lambda run: run.get_metrics(recursive=True))
        found = last_numbers(logged.get(name, {}))
        if any(run != name and values for run, values in logged.items()):
            children = self._asked_run(name, what, lambda run: list(run.get_children(recursive=True)))
            for child in children:
                called = (child.name or child.id).rpartition(">")[2]  # the SDK puts the parent's before it
                values = last_numbers(logged.get(child.id, {}))
                found |= {f"{called}.{metric}": value for metric, value in values.items()}
        return found


def _job(run: sdk.Run, status: str) -> Job:
    return Job(
        name=run.id,
        status=status or "NotStarted",
        studio=run.get_portal_url(),
        experiment=run.experiment.name,
        tags={str(name): str(value) for name, value in (run.tags or {}).items()},
    )
