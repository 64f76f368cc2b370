"""Runs: what became of every job, and of every run that a client began by itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.azure.resources import Resource
from sandbox.azure.tokens import Caller
from sandbox.clock import Clock
from sandbox.store import Document, Store, Table

ENDED = frozenset({"Completed", "Failed", "Canceled"})
BEFORE_NODE = frozenset({"NotStarted", "Preparing", "Queued"})
CONTAINER = "azureml"  # where the files of all runs of a workspace are


class RunError(Document):
    """inner: codes that say it more exactly. values: what the message tells of, by the names in its form."""

    code: str
    message: str
    form: str = ""
    values: dict[str, str] = {}
    inner: tuple[str, ...] = ()


class Output(Document):
    """uri: where it is; kind: like uri_folder; asset: the id that it was registered under."""

    uri: str
    kind: str
    asset: str = ""


class Run(Document):
    """id: the job's name. name: what its client calls it, SDK v1. root: the run that its parents come from, empty for
    none. logs: names of those that there are. params: of MLflow. target: the compute's name. A tag may have no value.
    """

    id: str
    uuid: str
    workspace: str
    number: int
    kind: str
    experiment: str
    experiment_id: str
    name: str = ""
    display_name: str
    description: str = ""
    script: str = ""
    tags: dict[str, str | None] = {}
    properties: dict[str, str] = {}
    status: str = "NotStarted"
    parent: str | None = None
    root: str = ""
    target: str = ""
    size: str = ""
    nodes: int = 1
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    modified: datetime
    owner: tuple[str, str, str]  # object id, client id, tenant
    error: RunError | None = None
    warnings: tuple[str, ...] = ()
    hidden: bool = False
    logs: tuple[str, ...] = ()
    outputs: dict[str, Output] = {}
    params: dict[str, str] = {}
    revision: int = 1

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def caller(self) -> Caller:
        return Caller(*self.owner)

    @property
    def type(self) -> str | None:
        """As clients see it; those that clients have begun themselves have none."""
        return f"azureml.{self.kind.lower()}" if self.kind else None

    @property
    def folder(self) -> str:
        """Of its files in the container of all runs."""
        return f"ExperimentRun/dcid.{self.id}"


class Experiment(Document):
    id: str
    name: str
    created: datetime
    description: str = ""
    archived: datetime | None = None
    tags: dict[str, str | None] = {}


class Definition(Document):
    """What a run was asked to do, as its client said it."""

    content: dict[str, Any]


class Runs:
    """Of all workspaces; names are compared without regard to case."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._runs = Table(store, "azure-run", Run)
        self._experiments = Table(store, "azure-experiment", Experiment)
        self._definitions = Table(store, "azure-run-definition", Definition)

    def begin(
        self, workspace: Resource, run_id: str, caller: Caller, *, experiment: str, kind: str, **known: Any
    ) -> Run:
        """A run that has not started. known: other members of it."""
        with self._store.changing():
            now = self._clock.now()
            parent = self.find(workspace, known.get("parent") or "")
            run = Run(
                id=run_id,
                uuid=str(uuid.uuid4()),
                workspace=workspace.id,
                number=self._store.count(f"run/{workspace.id.lower()}"),
                kind=kind,
                experiment=experiment,
                experiment_id=self.experiment(workspace, experiment).id,
                created=now,
                modified=now,
                owner=(caller.object_id, caller.client_id, caller.tenant),
                root=parent.root or parent.id if parent else "",
                **known,
            )
            self._keep(run)
            return run

    def find(self, workspace: Resource, name: str) -> Run | None:
        return self._runs.get(workspace.id.lower(), name.lower())

    def all(self, workspace: Resource) -> list[Run]:
        """The oldest first."""
        return self._runs.all(workspace.id.lower())

    def change(self, run: Run, **changed: Any) -> Run:
        """Members of a run, as it stands now; its state is changed by `move`."""
        with self._store.changing():
            now = self._now(run)
            return self._keep(now.model_copy(update={**changed, "modified": self._clock.now()}))

    def tag(self, run: Run, tags: Mapping[str, str | None]) -> Run:
        with self._store.changing():
            return self.change(run, tags={**self._now(run).tags, **tags})

    def add_log(self, run: Run, name: str) -> None:
        with self._store.changing():
            logs = self._now(run).logs
            if name not in logs:
                self.change(run, logs=(*logs, name))

    def define(self, run: Run, content: dict[str, Any]) -> None:
        """Keep what the SDK v1 has sent for it."""
        self._definitions.put(run.uuid, "", Definition(content=content))

    def definition(self, run: Run) -> dict[str, Any] | None:
        found = self._definitions.get(run.uuid, "")
        return found.content if found else None

    def move(self, run: Run, status: str, error: RunError | None = None, warning: str = "") -> Run:
        """Give a run another state. One that has ended stays as it is; one that is being cancelled only ends.

        error: of one that has failed, unless it told one itself.
        """
        with self._store.changing():
            now = self._now(run)
            if now.has_ended or (now.status == "CancelRequested" and status not in ENDED):
                return now
            time = self._clock.now()
            changed: dict[str, Any] = {"status": status, "modified": time}
            if status == "Running" and now.started is None:
                changed["started"] = time
            if status in ENDED:
                changed |= {"ended": time, "error": (now.error or error) if status == "Failed" else None}
            if warning:
                changed["warnings"] = (*now.warnings, warning)
            return self._keep(now.model_copy(update={**changed, "revision": now.revision + 1}))

    def experiment(self, workspace: Resource, name: str) -> Experiment:
        """The one of that name, made where there is none."""
        with self._store.changing():
            found = self.find_experiment(workspace, name)
            if found is None:
                found = Experiment(id=str(uuid.uuid4()), name=name, created=self._clock.now())
                self._experiments.put(workspace.id.lower(), name.lower(), found)
            return found

    def find_experiment(self, workspace: Resource, name: str) -> Experiment | None:
        return self._experiments.get(workspace.id.lower(), name.lower())

    def change_experiment(self, workspace: Resource, experiment: Experiment, **changed: Any) -> Experiment:
        """Members of it; it is kept under its new name where that is among them."""
        with self._store.changing():
            new = experiment.model_copy(update=changed)
            if new.name.lower() != experiment.name.lower():
                self._experiments.delete(workspace.id.lower(), experiment.name.lower())
            self._experiments.put(workspace.id.lower(), new.name.lower(), new)
            return new

    def experiments(self, workspace: Resource) -> list[Experiment]:
        return self._experiments.all(workspace.id.lower())

    def _now(self, run: Run) -> Run:
        found = self._runs.get(run.workspace.lower(), run.id.lower())
        assert found is not None
        return found

    def _keep(self, run: Run) -> Run:
        self._runs.put(run.workspace.lower(), run.id.lower(), run)
        return run
