"""Online endpoints of a workspace through the SDK v2, managed ones and those on Kubernetes.

What is being made is waited for by looking at it, so that whoever comes after a lost answer, or after a run that has
died, waits for the same. The SDK's `invoke` is not used: once given a deployment, it sends all requests there.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from amltasks.agent.neutral import one_line
from amltasks.errors import AmlTasksError, ServiceError, UserError
from amltasks.platforms.azureml.answers import answered, repeated, said_by
from amltasks.platforms.azureml.causes import cause_of, reason_of
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.service import there_are
from amltasks.platforms.azureml.v2.client import Client
from amltasks.platforms.azureml.v2.deployment_logs import build_log, container_log
from amltasks.platforms.azureml.v2.deployments import (
    KUBERNETES,
    MANAGED,
    check_names,
    deployment_entity,
    instances,
    machine_for,
    warnings_of,
)
from amltasks.platforms.azureml.v2.endpoint_entities import AUTH, endpoint_entity, told_endpoint
from amltasks.platforms.endpoints import (
    Access,
    Cause,
    Deployed,
    Deployment,
    DeploymentSpec,
    Endpoint,
    EndpointSpec,
    Tell,
)
from amltasks.quoting import quoted

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_PATIENCE = 90 * 60.0  # seconds for a deployment; Azure ML itself gives up sooner
_LOOK, _TOLD_EACH = 1.0, 60.0  # seconds
_OWN_LOG = "Container logs:"  # what stands before it is said by the service
_BUSY = ("creating", "deleting")
_HEADER = "azureml-model-deployment"


class EndpointsV2(Client):
    """See `endpoints.Endpoints`. kind: `managed` or `kubernetes`. patience: seconds for a deployment."""

    shares = True

    def __init__(
        self, workspace: Workspace, credential: TokenCredential, cloud: Cloud, kind: str, patience: float = _PATIENCE
    ) -> None:
        super().__init__(workspace, credential, cloud)
        self._kind = kind
        self._patience = patience
        self.mirrors = kind == MANAGED  # the SDK does not tell of mirrored traffic on Kubernetes

    def open(self) -> None:
        self.tracking_uri()

    def check(self, endpoint: EndpointSpec, deployment: DeploymentSpec) -> tuple[str, ...]:
        check_names(endpoint, deployment)
        if self._kind == KUBERNETES:
            self._check_cluster(endpoint.compute)
        else:
            machine_for(deployment.resources)
        return tuple(warnings_of(endpoint, deployment, self._kind))

    def find(self, name: str) -> Endpoint | None:
        return repeated(lambda: self._find(name))

    def ensure(self, spec: EndpointSpec, tell: Tell) -> Endpoint:
        found = self._settled(spec.name, tell)
        if found and found.state == "failed" and not found.traffic:
            tell(f"The endpoint {spec.name} was left half made: it is made anew.")
            self.delete(spec.name, tell)
            found = None
        if found:
            self._check_same(found, spec)
        if not found or found.state != "ready" or not found.tags.items() >= spec.tags.items():
            tell(f"The endpoint {spec.name} is {'changed' if found else 'made'}.")
            self._put(spec.name, lambda known: endpoint_entity(spec, known, self._kind))
        made = self.find(spec.name)
        if made is None:
            raise UserError(f"The endpoint {spec.name} was deleted while it was made.")
        return made

    def deploy(self, endpoint: str, spec: DeploymentSpec, tell: Tell) -> Deployed:
        found = self._settled(endpoint, tell, spec.name)
        known = found.deployment(spec.name) if found else None
        if known and known.state == "failed" and not known.traffic:
            tell(f"The deployment {spec.name} was left half made: it is made anew.")
            self.delete_deployment(endpoint, spec.name, tell)
        machine = f" on {machine_for(spec.resources)}" if self._kind == MANAGED else ""
        ids = ", ".join(model.id for model in spec.models)
        tell(f"The deployment {spec.name} is made: {ids}, {instances(spec.resources)} instance(s){machine}.")
        failure = repeated(lambda: self._deploy(endpoint, spec, tell))
        made = self.find(endpoint)
        deployment = made.deployment(spec.name) if made else None
        if failure is None and deployment:
            return Deployed(deployment=deployment)
        return self._failed(endpoint, spec.name, deployment, failure or ("", "It is gone."))

    def route(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] = {}) -> None:
        def changed(known: Any) -> Any:
            known.traffic, known.mirror_traffic = dict(traffic), dict(mirror)
            return known

        self._put(endpoint, changed)

    def tag(self, endpoint: str, tags: Mapping[str, str]) -> None:
        def changed(known: Any) -> Any:
            known.tags = {name: value for name, value in {**(known.tags or {}), **tags}.items() if value}
            return known

        self._put(endpoint, changed)

    def access(self, endpoint: str) -> Access:
        def ask() -> Access:
            with answered(f"The keys of the endpoint {endpoint} could not be read"):
                found = self._client.online_endpoints.get(endpoint)
                keys: Any = self._client.online_endpoints.get_keys(endpoint)
                key = getattr(keys, "primary_key", None) or getattr(keys, "access_token", "")
                return Access(
                    address=found.scoring_uri or "",
                    headers={"Authorization": f"Bearer {key}"},
                    deployment_header=_HEADER,
                )

        return repeated(ask)

    def log(self, endpoint: str, deployment: str) -> str:
        return repeated(lambda: container_log(self._client, endpoint, deployment))

    def delete_deployment(self, endpoint: str, deployment: str, tell: Tell) -> None:
        found = self.find(endpoint)
        known = found.deployment(deployment) if found else None
        if known is None:
            return
        if known.traffic:
            raise UserError(f"The deployment {deployment} of {endpoint} has {known.traffic} % of the requests.")
        tell(f"The deployment {deployment} is deleted.")
        what = f"The deployment {deployment} of {endpoint} could not be deleted"
        self._deleted(
            what,
            lambda: self._client.online_deployments.begin_delete(deployment, endpoint),
            lambda: self._settled(endpoint, tell, deployment),
        )

    def delete(self, endpoint: str, tell: Tell) -> None:
        if self.find(endpoint):
            tell(f"The endpoint {endpoint} is deleted.")
            what = f"The endpoint {endpoint} could not be deleted"
            self._deleted(
                what,
                lambda: self._client.online_endpoints.begin_delete(endpoint),
                lambda: self._settled(endpoint, tell),
            )

    def close(self) -> None:
        """Nothing is kept open."""

    def _find(self, name: str) -> Endpoint | None:
        from azure.core.exceptions import ResourceNotFoundError

        with answered(f"The endpoint {name} could not be looked for"):
            try:
                found = self._client.online_endpoints.get(name)
                listed = list(self._client.online_deployments.list(name))
            except ResourceNotFoundError:
                return None
        where = f"{self._cloud.studio}endpoints/realtime/{quote(name)}/detail?wsid={quote(self.workspace.path)}"
        return told_endpoint(found, listed, page=where)

    def _settled(self, name: str, tell: Tell, deployment: str = "") -> Endpoint | None:
        """The endpoint when nothing is being done to it, nor to the deployment: as an earlier run may have left it."""
        end = time.monotonic() + self._patience
        told = False
        while True:
            found = self.find(name)
            own = found.deployment(deployment) if found else None
            busy = [each for each in (found, own) if each and each.state in _BUSY]
            if not busy:
                return found
            if not told:
                tell(f"{busy[-1].name} is being changed already: this is waited for.")
                told = True
            if time.monotonic() > end:
                raise ServiceError(
                    f"{busy[-1].name}: what was begun earlier has not ended for {self._patience / 60:.0f} min."
                )
            time.sleep(_LOOK)

    def _put(self, name: str, changed: Callable[[Any], Any]) -> None:
        """changed: what to send, given the endpoint as it is, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        what = f"The endpoint {name} could not be changed"

        def put() -> None:
            self._settled(name, _nobody)
            with answered(what):
                try:
                    known = self._client.online_endpoints.get(name)
                except ResourceNotFoundError:
                    known = None
                self._client.online_endpoints.begin_create_or_update(changed(known)).result()

        repeated(put)

    def _check_same(self, found: Endpoint, spec: EndpointSpec) -> None:
        """Raises UserError for what cannot be changed."""
        if AUTH[found.auth] != AUTH[spec.auth]:
            raise UserError(
                f"auth: the endpoint {spec.name} has {found.auth.value}, which cannot be changed to {spec.auth.value}: "
                "name another endpoint, or delete this one."
            )

    def _check_cluster(self, name: str) -> None:
        def known() -> list[str]:
            with answered("The computes could not be listed"):
                return sorted(each.name for each in self._client.compute.list() if each.type == "kubernetes")

        names = repeated(known)
        if not name:
            raise UserError(f"compute: name the Kubernetes cluster of the workspace{there_are(name, names)}")
        if name not in names:
            there = there_are(name, names)
            raise UserError(f"compute: {quoted(name)} is no Kubernetes cluster of {self.workspace.name}{there}")

    def _deploy(self, endpoint: str, spec: DeploymentSpec, tell: Tell) -> tuple[str, str] | None:
        """None when it is ready; else Azure's code and words for why not."""
        from azure.core.exceptions import HttpResponseError

        self._settled(endpoint, tell, spec.name)
        entity = deployment_entity(spec, endpoint, self._kind)
        with answered(f"The deployment {spec.name} of {endpoint} could not be made"):
            poller = None
            try:
                with contextlib.redirect_stderr(io.StringIO()):  # of the progress that the SDK must show
                    poller = self._client.online_deployments.begin_create_or_update(entity, skip_script_validation=True)
                return self._waited(poller, spec.name, tell)
            except HttpResponseError as error:
                said = said_by(error)
                # An operation that has failed is told of by a good answer; a bad one says nothing of the operation.
                over = poller is not None and (error.status_code or HTTPStatus.BAD_REQUEST) < HTTPStatus.BAD_REQUEST
                if over or (error.status_code == HTTPStatus.BAD_REQUEST and cause_of(" ".join(said)) is Cause.QUOTA):
                    return said
                raise

    def _waited(self, poller: Any, name: str, tell: Tell) -> tuple[str, str] | None:
        began = time.monotonic()
        told = began
        while not poller.done():
            poller.wait(_LOOK)
            now = time.monotonic()
            if now - began > self._patience:
                return "OperationTimeout", f"It took longer than {self._patience / 60:.0f} min"
            if now - told > _TOLD_EACH:
                told = now
                tell(f"The deployment {name} is being made for {(now - began) / 60:.0f} min.")
        poller.result()
        return None

    def _failed(self, endpoint: str, name: str, found: Deployment | None, failure: tuple[str, str]) -> Deployed:
        """With what can be had of its logs."""
        said = ": ".join(filter(None, failure))
        log = storage = image = ""
        with contextlib.suppress(AmlTasksError):
            image = repeated(lambda: build_log(self._client, self._credential, said))
        if found:
            with contextlib.suppress(AmlTasksError):
                log = self.log(endpoint, name)
                storage = repeated(lambda: container_log(self._client, endpoint, name, "storage-initializer"))
        head, _, own = log.partition(_OWN_LOG)
        cause = cause_of(said, own)
        reason = reason_of(cause, said, image or own)
        events = [said, *(head if own else "").splitlines(), *storage.splitlines()]
        deployment = found or Deployment(name=name, state="failed")
        return Deployed(
            deployment=deployment.model_copy(update={"state": "failed", "reason": reason}),
            cause=cause,
            reason=reason,
            log=image or log,
            events=tuple(one_line(line, 1000) for line in events if line.strip()),
        )

    def _deleted(self, what: str, begin: Callable[[], Any], settle: Callable[[], object]) -> None:
        """What is being made may be deleted, too; where it may not, that is waited for."""
        from azure.core.exceptions import ResourceNotFoundError

        def delete() -> None:
            with answered(what), contextlib.suppress(ResourceNotFoundError):
                begin().result()

        try:
            repeated(delete)
        except ServiceError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            settle()
            repeated(delete)


def _nobody(_: str) -> None:
    """Told of what others wait for."""
