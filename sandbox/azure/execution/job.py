"""One job's way: its environment, a node, its process, its files."""

from __future__ import annotations

import re
import shutil
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.azure.assets.state import DATA
from sandbox.azure.computes.state import SERVERLESS, is_low_priority
from sandbox.azure.datastores.state import account_of
from sandbox.azure.execution import failures
from sandbox.azure.execution.binding import Bound, bind, tracked, variables
from sandbox.azure.execution.clusters import Cluster, Pace
from sandbox.azure.execution.environments import BuildError, digest_of, interpreter, pip_lines
from sandbox.azure.execution.logs import BUILD_LOG, JOB_LOG, SYSTEM_LOG, Log, Tail
from sandbox.azure.execution.places import Place, UnknownPlaceError, download, place_of, upload
from sandbox.azure.execution.session import Command, Session
from sandbox.azure.history.state import CONTAINER, Output, Run, RunError
from sandbox.azure.jobs.state import output_uri
from sandbox.azure.resources import Resource
from sandbox.azure.wire import AzureError
from sandbox.clock import Clock
from sandbox.wire import format_time

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

_LOG = "log"  # of its process
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_TAIL_BYTES = 2000


class JobFailedError(Exception):
    def __init__(self, error: RunError) -> None:
        super().__init__(error.message)
        self.error = error


class StoppedError(Exception):
    """The job was cancelled, or is out of time."""


class Job:
    """One submitted job; `run` is its whole life and is called in a thread of its own.

    network: the variables by which a process reaches the sandbox. folder: of the job's own.
    """

    def __init__(
        self,
        cloud: Cloud,
        clock: Clock,
        workspace: Resource,
        run: Run,
        pace: Pace,
        cluster: Cluster,
        network: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._workspace = workspace
        self._run = run
        self._pace = pace
        self._cluster = cluster
        self._network = network
        self._folder = folder
        self._definition = cloud.jobs.definition(workspace, run.id)
        self._stopped = threading.Event()
        self._preempted = False  # and not on another node yet
        self._preemptions = 0
        self._late = False
        self._session: Session | None = None
        self._lock = threading.Lock()
        self._system = self._log(SYSTEM_LOG)
        self._output = self._log(JOB_LOG)  # of all nodes that it comes to

    @property
    def name(self) -> str:
        return self._run.id

    def run(self) -> None:
        try:
            self._go()
        except JobFailedError as failed:
            self._end("Failed", failed.error)
        except StoppedError:
            late = "The job has reached the limit of its time and was canceled." if self._late else ""
            self._end("Canceled", warning=late)
        except Exception as error:  # our own fault: the client learns it, the console has the traceback
            traceback.print_exc()
            self._end("Failed", failures.of_service(str(error)))
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def cancel(self) -> None:
        """Have it ended: SIGTERM to its session, patience, SIGKILL."""
        self._stop()
        if self._session:
            self._session.stop()

    def kill(self) -> None:
        """At once, whatever it is doing: the sandbox ends."""
        self._stop()
        if self._session:
            self._session.kill()

    def preempt(self) -> None:
        """Take its node away: nothing is asked, nothing is kept; on another node it begins anew."""
        if self._session:
            self._preempted = True
            self._preemptions += 1
            self._session.kill()

    def _stop(self) -> None:
        with self._lock:
            self._stopped.set()
        self._cluster.wake()

    def _go(self) -> None:
        python = self._environment()
        while True:
            self._cloud.runs.move(self._run, "Queued")
            if self._stopped.wait(self._pace.queue):
                raise StoppedError
            with self._cluster.nodes(self._run.nodes, self._pace, self._stopped) as got:
                if not got:
                    raise StoppedError
                self._check_cluster()
                code = self._on_node(python)
                if not self._preempted:
                    self._finish(code)
                    return
            self._preempted = False
            self._say("The node was preempted; the job is queued again.")

    def _finish(self, code: int) -> None:
        if self._stopped.is_set():
            raise StoppedError
        if code:
            log = self._folder / _LOG
            raise JobFailedError(
                failures.command_failed(code, log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace"))
            )
        self._end("Completed")

    def _environment(self) -> Path:
        """The job's Python; the first job with an environment sees its image made."""
        environment = self._cloud.assets.by_id(self._definition["environmentId"])
        assert environment is not None
        lines = pip_lines(environment.properties)
        builds = self._cloud.execution.images
        with builds.of(self._workspace, digest_of(lines)) as image:
            if not image.is_new:
                return interpreter(builds.folder, lines, lambda _: None)
            self._cloud.runs.move(self._run, "Preparing")
            log = self._log(BUILD_LOG)
            log.line(f"The image of {environment.properties.get('image') or 'a build context'} is recorded, not built.")
            try:
                python = interpreter(builds.folder, lines, log.line)
            except BuildError as error:
                log.line(f"{error}")
                raise JobFailedError(failures.build_failed()) from None
            image.is_new = False
            return python

    def _check_cluster(self) -> None:
        name = self._run.target
        if name == SERVERLESS:
            try:
                self._cloud.computes.check_serverless(self._run.size, self._run.nodes)
            except AzureError as refusal:
                raise JobFailedError(RunError(code=refusal.code, message=refusal.message)) from None
        elif self._cloud.computes.find(self._workspace, name) is None:
            raise JobFailedError(failures.cluster_gone(name))

    def _on_node(self, python: Path) -> int:
        """Run the command; its exit code."""
        shutil.rmtree(self._folder, ignore_errors=True)
        work = self._folder / "wd"
        work.mkdir(parents=True)
        self._cloud.runs.move(self._run, "Starting")
        self._say(f"Starting on {self._run.target}.")
        try:
            if "codeId" in self._definition:
                self._fetch_code(work)
            bound = bind(self._cloud, self._workspace, self._run, self._definition, self._folder)
        except UnknownPlaceError as error:
            raise JobFailedError(failures.data_missing(str(error))) from None
        code = self._execute(python, work, bound)
        if self._preempted:
            return code
        self._say(f"The command ended with exit code {code}.")
        self._cloud.runs.move(self._run, "Finalizing")
        self._keep(work, bound)
        return code

    def _fetch_code(self, work: Path) -> None:
        code = self._cloud.assets.by_id(self._definition["codeId"])
        if code is None:
            raise UnknownPlaceError(f"The code {self._definition['codeId']} is gone.")
        download(self._cloud, place_of(self._cloud, self._workspace, code.properties["codeUri"]), work)

    def _execute(self, python: Path, work: Path, bound: Bound) -> int:
        for folder in (work / "outputs", work / "logs", self._folder / "home"):
            folder.mkdir(exist_ok=True)
        log = self._folder / _LOG
        log.touch()
        own = variables(self._cloud, self._workspace, self._run, self._definition, bound, python, self._folder / "home")
        text = bound.command(self._definition["command"])
        text = tracked(text) if self._run.script else text
        command = Command(text, work, {**self._network, **own}, log, self._pace.grace)
        with self._lock:
            if self._stopped.is_set():
                raise StoppedError
            self._session = Session(command)
        self._cloud.runs.move(self._run, "Running")
        timers = self._timers()
        try:
            with Tail(log, self._output, self._pace.log):
                return self._session.wait()
        finally:
            for timer in timers:
                timer.cancel()

    def _timers(self) -> list[threading.Timer]:
        """What ends the process before it ends by itself."""
        timers = []
        limit = (self._definition.get("limits") or {}).get("timeout")
        if limit:
            timers.append(threading.Timer(_seconds(limit), self._expire))
        compute = self._cloud.computes.find(self._workspace, self._run.target)
        may_lose = compute is not None and is_low_priority(compute) and not self._preemptions
        if self._pace.preempt is not None and may_lose:
            timers.append(threading.Timer(self._pace.preempt, self.preempt))
        for timer in timers:
            timer.daemon = True
            timer.start()
        return timers

    def _expire(self) -> None:
        self._late = True
        self.cancel()

    def _keep(self, work: Path, bound: Bound) -> None:
        """Upload what a job has left: outputs/, logs/ and the named outputs, which become data assets."""
        account, folder = account_of(self._workspace), self._run.folder
        for name in ("outputs", "logs"):
            upload(self._cloud, work / name, Place(account, CONTAINER, f"{folder}/{name}"))
        outputs = {}
        for name, (path, place) in bound.outputs.items():
            if path.is_dir():
                upload(self._cloud, path, place)
            elif path.is_file():
                self._cloud.storage.put(place.account, place.container, place.path, path.read_bytes())
            outputs[name] = self._registered(name, self._definition["outputs"][name])
        self._cloud.runs.change(self._run, outputs=outputs)

    def _registered(self, name: str, asked: Mapping[str, Any]) -> Output:
        """An output as a version of a data asset: of the name that the job asks for, or of one of its own."""
        uri, kind = output_uri(self._run, name, asked), asked["jobOutputType"]
        asset = asked.get("assetName") or f"azureml_{self._run.id}_output_data_{name}"
        known = self._cloud.assets.container(self._workspace, DATA, asset)
        version = asked.get("assetVersion") or (known.properties["nextVersion"] if known else "1")
        properties = {
            "dataType": kind,
            "dataUri": uri,
            "isAnonymous": "assetName" not in asked,
            "isArchived": False,
            "tags": {},
            "properties": {},
        }
        self._cloud.assets.put(self._workspace, DATA, asset, version, properties, self._run.caller.object_id)
        place = f"azureml://locations/{self._cloud.location}/workspaces/{self._workspace.properties['workspaceId']}"
        return Output(uri=uri, kind=kind, asset=f"{place}/data/{asset}/versions/{version}")

    def _end(self, status: str, error: RunError | None = None, warning: str = "") -> None:
        self._say(f"The job is {status}.")
        self._cloud.runs.move(self._run, status, error, warning)

    def _log(self, name: str) -> Log:
        return Log(self._cloud, account_of(self._workspace), self._run, name)

    def _say(self, text: str) -> None:
        self._system.line(f"{format_time(self._clock.now())} {text}")


def _seconds(duration: str) -> float:
    found = _DURATION.fullmatch(duration)
    assert found
    days, hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
