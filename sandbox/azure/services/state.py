"""The services of all workspaces: their settings, keys and states, and the containers that serve them."""

from __future__ import annotations

import secrets
import threading
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import CONTAINER
from sandbox.azure.resources import Resource
from sandbox.azure.services import failures, room, settings
from sandbox.azure.services.containers import digest_of, image_of, spec_of
from sandbox.azure.services.failures import DeploymentFailedError, Failure, Mishap
from sandbox.azure.services.models import AciService, Keys
from sandbox.azure.services.operations import Operation, ServiceOperations
from sandbox.azure.services.settings import Asked, Container
from sandbox.azure.serving.spec import StartFailedError
from sandbox.clock import Clock
from sandbox.store import Document, Store, Table

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

Network = Callable[[Path], Mapping[str, str]]
_SECONDS = 24 * 3600
_END_SECONDS = 10


class Service(Document):
    """One service. workspace: its id in lower case. settings: as `services.settings` reads them.

    host: of a container instance. operation: the latest one. serving: by version, what its server was started with.
    """

    id: str
    name: str
    workspace: str
    settings: dict[str, Any]
    keys: tuple[str, str]
    host: str = ""
    state: str = "Transitioning"
    error: dict[str, Any] | None = None
    log: str = ""
    operation: str = ""
    serving: dict[str, str] = {}
    created: datetime
    updated: datetime
    by: str

    @property
    def asked(self) -> Asked:
        return settings.read(self.settings)

    @property
    def kind(self) -> str:
        return str(self.settings["computeType"])

    def key(self, version: str) -> str:
        """What the server of a version is called."""
        return f"service/{self.id}/{version}"


class Services:
    """delay: seconds that deploying takes beside its real work. ready: seconds until a server must answer.

    quota: cores that the container instances of the subscription may have together. mishaps: what each of the next
    deployments meets.
    """

    def __init__(self, cloud: Cloud, store: Store, clock: Clock) -> None:
        self.delay = 0.0
        self.ready = 120.0
        self.quota = 100.0
        self.mishaps: deque[Mishap] = deque()
        self.operations = ServiceOperations(store, clock)
        self._cloud = cloud
        self._table = Table(store, "azure-service", Service)
        self._store = store
        self._clock = clock
        self._reviving = threading.Lock()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []

    def all(self, workspace: Resource) -> list[Service]:
        """In order of arrival."""
        return self._table.all(workspace.id.lower())

    def everywhere(self) -> list[Service]:
        return [service for workspace in self._cloud.workspaces.all() for service in self.all(workspace)]

    def find(self, workspace: Resource, name: str) -> Service | None:
        return self._table.get(workspace.id.lower(), name.lower())

    def at(self, host: str) -> Service | None:
        """The container instance that is called so."""
        return next((each for each in self.everywhere() if each.host == host.lower()), None)

    def on(self, compute: Resource) -> list[Service]:
        """Those on an AKS compute."""
        workspace, _, name = compute.id.rpartition("/computes/")
        return [
            each
            for each in self._table.all(workspace.lower())
            if str(each.settings.get("computeName", "")).lower() == name.lower()
        ]

    def put(self, workspace: Resource, asked: Asked, by: str, network: Network, keys: Keys | None = None) -> Operation:
        """Deploy a service, or another content of it. The operation goes on afterwards."""
        with self._store.changing():
            old, now = self.find(workspace, asked.name), self._clock.now()
            operation = self.operations.begin(workspace, "Update" if old else "Create", "DeployService")
            keys = keys or Keys()
            service = Service(
                id=old.id if old else uuid.uuid4().hex,
                name=asked.name,
                workspace=workspace.id.lower(),
                settings=settings.kept(asked),
                keys=(
                    keys.primary_key or (old.keys[0] if old else new_key()),
                    keys.secondary_key or (old.keys[1] if old else new_key()),
                ),
                host=self._host(asked, old),
                operation=operation.id,
                serving=old.serving if old else {},
                created=old.created if old else now,
                updated=now,
                by=by,
            )
            self._keep(service)
        self._run(operation, lambda: self._deploy(workspace, service, operation, network))
        return operation

    def set_key(self, workspace: Resource, service: Service, index: int, key: str | None) -> Operation:
        operation = self.operations.begin(workspace, "RegenerateKeys")
        keys = [*service.keys]
        keys[index] = key or new_key()
        self._change(service, None, keys=(keys[0], keys[1]))
        self.operations.end(operation)
        return operation

    def delete(self, workspace: Resource, service: Service) -> Operation:
        operation = self.operations.begin(workspace, "Delete")
        self._table.delete(service.workspace, service.name.lower())

        def stop() -> None:
            for version in {*service.serving, *settings.containers(service.asked)}:
                self._cloud.serving.stop(service.key(version))
            self.operations.end(operation)

        self._run(operation, stop)
        return operation

    def logs(self, service: Service) -> str:
        """What its containers have written, those of several one after the other."""
        versions = [*settings.containers(service.asked)]
        found = {version: self._cloud.serving.log(service.key(version)) for version in versions}
        if not any(found.values()):
            return service.log
        return "\n".join(f"# {version}\n{log}" if version else log for version, log in found.items())

    def revive(self, service: Service, version: str, network: Network) -> None:
        """Have the server again of a version that served when the sandbox ended before. StartFailedError."""
        container = settings.containers(service.asked)[version]
        with self._reviving:
            if self._cloud.serving.serves(service.key(version)) or service.serving.get(version) != digest_of(container):
                return
            workspace = self._cloud.resources.get(service.workspace)
            assert workspace is not None
            self._cloud.serving.start(
                service.key(version), spec_of(self._cloud, workspace, container, network, self.ready)
            )

    def close(self) -> None:
        """Nothing is written down afterwards. Servers must have been ended, or their starts are waited for."""
        self._closed.set()
        for thread in self._threads:
            thread.join(_END_SECONDS)

    def recover(self) -> None:
        """What was being deployed when the sandbox ended before has failed."""
        for service in self.everywhere():
            if service.state == "Transitioning":
                gone = failures.sandbox_ended()
                self._change(service, None, state=gone.state, error=gone.body)

    def _deploy(self, workspace: Resource, service: Service, operation: Operation, network: Network) -> None:
        """Have a server for every version; those that there are serve until new ones do."""
        self.operations.tell(operation, "DeployService", "Registering the environment.")
        mishap = self.mishaps.popleft() if self.mishaps else None
        if self._closed.wait(self.delay) or mishap is Mishap.STUCK:
            return
        asked = service.asked
        try:
            self._make(workspace, service, asked, operation, network, mishap)
        except DeploymentFailedError as failed:
            self._give_up(workspace, service, operation, failed.failure)
            return
        done = self._change(service, operation, state="Healthy", error=None, log="")
        if done:
            self._stop_others(service, asked)
        self.operations.end(operation, "Succeeded" if done else "Cancelled")

    def _make(
        self,
        workspace: Resource,
        service: Service,
        asked: Asked,
        operation: Operation,
        network: Network,
        mishap: Mishap | None,
    ) -> None:
        if mishap:
            raise DeploymentFailedError(failures.of_mishap(mishap, service.kind, service.name, service.name))
        room.check(self._cloud, workspace, asked)
        self._check_host(service)
        for version, container in settings.containers(asked).items():
            now = self._table.get(service.workspace, service.name.lower())
            if now and now.serving.get(version) != digest_of(container):
                self.operations.tell(operation, "BuildEnvironment", "Building image.")
                self._start(workspace, service, version, container, network)
        self.operations.tell(operation, "DeployService", f"Checking the status of deployment {service.name}.")

    def _give_up(self, workspace: Resource, service: Service, operation: Operation, failure: Failure) -> None:
        log = self._log_address(workspace, operation, failure)
        self._change(service, operation, state=failure.state, error=failure.body, log=failure.log)
        self.operations.end(operation, failure.outcome, error=failure.body, step=failure.step, log=log)

    def _start(
        self, workspace: Resource, service: Service, version: str, container: Container, network: Network
    ) -> None:
        spec = spec_of(self._cloud, workspace, container, network, self.ready)
        try:
            self._cloud.serving.start(service.key(version), spec)
        except StartFailedError as error:
            image = image_of(workspace, container)
            raise DeploymentFailedError(failures.of_start(error, service.kind, service.name, image)) from None
        with self._store.changing():
            now = self._table.get(service.workspace, service.name.lower())
            if now and now.id == service.id:
                self._keep(now.model_copy(update={"serving": {**now.serving, version: digest_of(container)}}))

    def _stop_others(self, service: Service, asked: Asked) -> None:
        """End the servers of versions that there are no more."""
        with self._store.changing():
            now = self._table.get(service.workspace, service.name.lower())
            gone = {*now.serving} - {*settings.containers(asked)} if now else set()
            if now and gone:
                left = {version: digest for version, digest in now.serving.items() if version not in gone}
                self._keep(now.model_copy(update={"serving": left}))
        for version in gone:
            self._cloud.serving.stop(service.key(version))

    def _check_host(self, service: Service) -> None:
        """That a container instance's name is nobody else's."""
        if service.host and any(each.host == service.host and each.id != service.id for each in self.everywhere()):
            label, _, location = service.host.removesuffix(".azurecontainer.io").partition(".")
            raise DeploymentFailedError(failures.label_taken(label, location))

    def _host(self, asked: Asked, old: Service | None) -> str:
        if not isinstance(asked, AciService):
            return ""
        if asked.ssl_enabled and asked.cname:
            return asked.cname.lower()
        if old and old.host.endswith(".azurecontainer.io"):
            return old.host
        label = asked.dns_name_label or str(uuid.uuid4())
        return f"{label}.{asked.location or self._cloud.location}.azurecontainer.io".lower()

    def _log_address(self, workspace: Resource, operation: Operation, failure: Failure) -> str:
        """Where the log of a build is; empty where it was none."""
        if failure.step != "BuildEnvironment":
            return ""
        account, blob = account_of(workspace), f"ServiceLogs/{operation.id}/build.log"
        self._cloud.storage.put(account, CONTAINER, blob, failure.log.encode(), "text/plain")
        return self._cloud.storage.signed(account, CONTAINER, blob, "r", _SECONDS)

    def _change(self, service: Service, operation: Operation | None, **told: Any) -> bool:
        """Whether it is still there, and no other operation has taken it over."""
        with self._store.changing():
            now = self._table.get(service.workspace, service.name.lower())
            if now is None or now.id != service.id or (operation and now.operation != operation.id):
                return False
            self._keep(now.model_copy(update=told))
            return True

    def _keep(self, service: Service) -> None:
        self._table.put(service.workspace, service.name.lower(), service)

    def _run(self, operation: Operation, work: Callable[[], None]) -> None:
        def carry_out() -> None:
            try:
                work()
            except Exception as error:  # our own fault: the client learns it, the console has the traceback
                traceback.print_exc()
                self.operations.end(operation, "Failed", error=failures.of_sandbox(str(error)).body)

        thread = threading.Thread(target=carry_out, name="sandbox-service", daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()


def new_key() -> str:
    return secrets.token_urlsafe(24)
