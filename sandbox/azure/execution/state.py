"""All that runs: the clusters' nodes and the jobs on them. None of it outlives the sandbox."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.azure.computes.state import SERVERLESS, nodes_of
from sandbox.azure.execution import failures
from sandbox.azure.execution.clusters import Cluster, Pace
from sandbox.azure.execution.job import Job
from sandbox.azure.history.state import Run
from sandbox.azure.resources import Resource
from sandbox.clock import Clock

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

ENVIRONMENTS = Path(__file__).resolve().parents[3] / "build" / "sandbox-environments"
_SERVERLESS_NODES = 100
_END_SECONDS = 10


@dataclass
class Image:
    is_new: bool = True


class Images:
    """Which environments a workspace has made already. folder: of the virtual environments, shared by all worlds."""

    def __init__(self) -> None:
        self.folder = ENVIRONMENTS
        self._images: dict[tuple[str, str], tuple[Image, threading.Lock]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def of(self, workspace: Resource, digest: str) -> Iterator[Image]:
        """Held by one job at a time."""
        with self._lock:
            image, lock = self._images.setdefault((workspace.id.lower(), digest), (Image(), threading.Lock()))
        with lock:
            yield image


class Execution:
    """Of one cloud."""

    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self.pace = Pace()
        self.images = Images()
        self._cloud = cloud
        self._clock = clock
        self._clusters: dict[str, Cluster] = {}
        self._jobs: dict[str, tuple[Job, threading.Thread]] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def start(self, workspace: Resource, run: Run, network: Callable[[Path], Mapping[str, str]]) -> None:
        """network: given a folder that lives as long as the job, the variables by which it reaches the sandbox."""
        with self._lock:
            folder = self._place()
            job = Job(
                self._cloud,
                self._clock,
                workspace,
                run,
                self.pace,
                self._cluster(workspace, run.target),
                network(folder),
                folder / run.uuid,
            )
            thread = threading.Thread(target=self._see_through, args=[job, run], name=f"job-{run.id}", daemon=True)
            self._jobs[run.uuid] = job, thread
            thread.start()

    def resize(self, compute: Resource) -> None:
        """Let the jobs that wait for a cluster know how many nodes it may have now."""
        with self._lock:
            cluster = self._clusters.get(compute.id.lower())
        if cluster:
            cluster.resize(nodes_of(compute))

    def cancel(self, run: Run) -> None:
        """Have a job ended; returns when it has. One that no node knows is ended by that."""
        known = self._jobs.get(run.uuid)
        self._cloud.runs.move(run, "CancelRequested")
        if known is None:
            self._cloud.runs.move(run, "Canceled")
            return
        known[0].cancel()
        known[1].join()

    def preempt(self, name: str) -> None:
        """Take the node of a running job away, by the job's name. ValueError where none of that name runs."""
        for job, thread in list(self._jobs.values()):
            if job.name == name and thread.is_alive():
                job.preempt()
                return
        raise ValueError(f"There is no running job {name!r}.")

    def counts(self, compute: Resource) -> dict[str, int]:
        """Nodes of a cluster, by their state."""
        with self._lock:
            return self._clusters.get(compute.id.lower(), Cluster(0)).counts

    def close(self) -> None:
        """End all jobs at once."""
        for job, _ in list(self._jobs.values()):
            job.kill()
        for _, thread in list(self._jobs.values()):
            thread.join(_END_SECONDS)
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def recover(self) -> None:
        """What was running when the sandbox ended before has failed."""
        for workspace in self._cloud.workspaces.all():
            for run in self._cloud.jobs.all(workspace):
                self._cloud.runs.move(run, "Failed", failures.sandbox_ended())

    def _see_through(self, job: Job, run: Run) -> None:
        try:
            job.run()
        finally:
            self._jobs.pop(run.uuid, None)

    def _cluster(self, workspace: Resource, name: str) -> Cluster:
        compute = self._cloud.computes.find(workspace, name)
        nodes = nodes_of(compute) if compute else _SERVERLESS_NODES if name == SERVERLESS else 0
        cluster = self._clusters.setdefault(f"{workspace.id}/computes/{name}".lower(), Cluster(nodes))
        cluster.resize(nodes)
        return cluster

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="sandbox-nodes-", ignore_cleanup_errors=True)
        return Path(self._folder.name)
