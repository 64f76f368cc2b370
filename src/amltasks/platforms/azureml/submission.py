"""The job of each run: made, taken over from before, or named by the step. Blocks."""

from __future__ import annotations

import shutil
import tempfile
import threading
from functools import cached_property
from pathlib import Path

from amltasks.errors import UserError
from amltasks.platforms.azureml.environment import job_environment
from amltasks.platforms.azureml.inside import FOLDER, VARIABLE
from amltasks.platforms.azureml.request import AzureRequest
from amltasks.platforms.azureml.service import ACTIVE, Job, JobSpec, Service
from amltasks.platforms.azureml.snapshot import RUNNER_FOLDER, START, files_of, make_snapshot
from amltasks.platforms.azureml.step import NOTEBOOK, PARAMETERS, SET, Step
from amltasks.platforms.base import NotebookRun
from amltasks.quoting import listed, quoted

MOST_TRIES = 20  # of one notebook within an attempt
_LONGEST_RUN = 100_000  # characters: a variable of a process has 128 KiB


class Submission:
    """Of one command. Safe to use from several threads; `close` must be called.

    begun: run_id → the name of the job that is asked for, whether it is there yet or not.
    taken_over: names of jobs that an earlier try of the step has left running.
    """

    def __init__(self, service: Service, request: AzureRequest, step: Step, root: Path) -> None:
        self.begun: dict[str, str] = {}
        self.taken_over: set[str] = set()
        self._service = service
        self._request = request
        self._step = step
        self._root = root
        self._snapshots: dict[tuple[Path, ...], Path] = {}
        self._named: dict[str, Job] = {}
        self._alone = threading.Lock()

    def job_of(self, run: NotebookRun) -> tuple[Job, str]:
        """The job, and how it came to be one, for people. Raises UserError, ServiceError."""
        return self._resumed(run) if self._request.resume else self._taken_over_or_new(run)

    def check(self) -> None:
        """Raises UserError for what concerns all runs."""
        job_environment(self._request.environment, self._root)

    def close(self) -> None:
        if "_folder" in self.__dict__:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _taken_over_or_new(self, run: NotebookRun) -> tuple[Job, str]:
        """The job of this run in this attempt, unless it has failed: then another one, as a try again asks for."""
        for again in range(MOST_TRIES):
            name = self._step.job_name(run, again)
            self.begun[run.run_id] = name
            found = self._service.find(name) if self._step.line else None
            if found is None:
                return self._service.submit(self._spec(run, name)), "submitted"
            if found.status in ACTIVE:
                self.taken_over.add(name)
            if not found.tags:  # whoever submitted it was gone before it had any
                found = self._service.submit(self._spec(run, name))
            if found.status in ACTIVE or found.status == "Completed":
                return found, "found from before, and taken over:"
        raise UserError(f"{run.title}: it has been tried {MOST_TRIES} times in this attempt.")

    def _resumed(self, run: NotebookRun) -> tuple[Job, str]:
        """The job that an earlier step has submitted for this run."""
        tags = self._step.tags(run)
        for name in self._request.resume:
            job = self._looked_up(name)
            if all(job.tags.get(tag, "") == tags.get(tag, "") for tag in (NOTEBOOK, SET, PARAMETERS)):
                self.begun[run.run_id] = name
                return job, "collecting"
        raise UserError(f"resume: none of the jobs {listed(self._request.resume)} is of {run.title}.")

    def _looked_up(self, name: str) -> Job:
        with self._alone:
            if name not in self._named:
                found = self._service.find(name)
                if found is None:
                    place = self._service.workspace.name
                    raise UserError(f"resume: there is no job {quoted(name)} in the workspace {place}.")
                self._named[name] = found
            return self._named[name]

    def _spec(self, run: NotebookRun, name: str) -> JobSpec:
        request = self._request
        outputs = "".join(f" {output} ${{{{outputs.{output}}}}}" for output in request.outputs)
        return JobSpec(
            name=name,
            display_name=run.title,
            experiment=request.experiment,
            command=f"python {RUNNER_FOLDER}/{START}{outputs}",
            code=self._snapshot(run),
            runs_in=job_environment(request.environment, self._root, run.requirements),
            variables={VARIABLE: self._sent(run)},
            tags={**request.tags, **self._step.tags(run)},
            outputs=request.outputs,
            compute=request.compute,
            instance_type=request.instance_type,
            instance_count=request.instance_count,
            identity=request.identity,
            timeout=run.notebook_timeout,
        )

    def _sent(self, run: NotebookRun) -> str:
        """The run as the job gets it: paths from the job's folder, nothing secret."""
        sent = run.model_copy(
            update={
                "source": run.source.relative_to(self._root),
                "working_directory": run.working_directory.relative_to(self._root),
                "folder": FOLDER,
                "files": (),
                "secrets": {},
            }
        )
        text = sent.model_dump_json(by_alias=True, exclude_defaults=True)
        if len(text) > _LONGEST_RUN:
            raise UserError(f"{run.title}: its parameters are too large for Azure ML: put them into a file beside it.")
        return text

    def _snapshot(self, run: NotebookRun) -> Path:
        """The folder to be sent, one for all runs that need the same files."""
        files = tuple(files_of(run, self._root))
        with self._alone:
            if files not in self._snapshots:
                folder = Path(tempfile.mkdtemp(dir=self._folder))
                make_snapshot(folder, files, self._root, self._service.workspace)
                self._snapshots[files] = folder
            return self._snapshots[files]

    @cached_property
    def _folder(self) -> Path:
        """For snapshots."""
        return Path(tempfile.mkdtemp(prefix="amltasks-azureml-"))
