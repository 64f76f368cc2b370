"""The addresses at which services score: who may ask there, and which container answers."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sandbox.azure.computes.aks import NETWORK
from sandbox.azure.onlineendpoints.traffic import Balance
from sandbox.azure.resources import Resource
from sandbox.azure.routing import Host
from sandbox.azure.services import settings
from sandbox.azure.services.models import AciService, AksEndpoint, AksService
from sandbox.azure.services.settings import Asked
from sandbox.azure.services.state import Service
from sandbox.azure.serving.forwarding import BusyError, Forwarding, NoAnswerError, Question, TooLateError
from sandbox.azure.serving.spec import StartFailedError
from sandbox.azure.tokens import TokenError
from sandbox.proxy import proxy_environment
from sandbox.wire import Answer

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud
    from sandbox.world import World

CONTAINER_INSTANCE, CLUSTER = Host("{label}.{region}.azurecontainer.io", ()), Host(f"{NETWORK}.{{number}}", ())
_ON_AKS = re.compile(r"/api/v1/service/(?P<service>[^/]+)(?:/version/(?P<version>[^/]+))?(?P<rest>/.*)?")
_ACI_SECONDS = 300.0
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Target:
    """Where a request goes. seconds: for its answer; most: requests that may be in there; patience: to get in."""

    key: str
    path: str
    seconds: float = _ACI_SECONDS
    most: int | None = None
    patience: float = 0.0


class RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(message.encode(), status, "text/plain; charset=utf-8")


def address_of(azure: Cloud, workspace: Resource, service: Service, asked: Asked, version: str = "") -> str:
    """What `/score` and `/swagger.json` are below."""
    if isinstance(asked, AciService):
        return f"{'https' if asked.ssl_enabled else 'http'}://{service.host}"
    compute = azure.computes.find(workspace, asked.compute_name or "")
    cluster = compute.properties["resourceId"] if compute else ""
    if not azure.kubernetes.find(cluster):  # it was deleted, and the service with it, which is still told of
        return f"http://gone.invalid/api/v1/service/{service.name}"
    below = f"/version/{version}" if version else ""
    return f"http://{azure.kubernetes.address(cluster)}:80/api/v1/service/{service.name}{below}"


def token_audience(service: Service) -> str:
    """Whom tokens for a service are for."""
    return f"api://{service.id}"


class Scoring:
    """All services of a world, for its server's event loop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._balances: dict[str, Balance] = {}

    @cached_property
    def _forwarding(self) -> Forwarding:
        return Forwarding(self._world.azure.serving)

    def door(self, host: str) -> Host | None:
        """The host, where it is that of a service with a name of its own."""
        return Host(host, ()) if self._world.azure.services.at(host) else None

    async def serve(self, request: Request) -> Answer:
        body = await request.body()
        try:
            target = await run_in_threadpool(self._target, request)
            query = f"?{request.url.query}" if request.url.query else ""
            question = Question(request.method, f"{target.path}{query}", request.headers, body)
            return await self._ask(target, question)
        except RefusedError as no:
            return no.answer

    async def _ask(self, target: Target, question: Question) -> Answer:
        waited = 0.0
        while True:
            try:
                reply = await self._forwarding.ask(target.key, question, target.seconds, target.most)
            except BusyError:
                if waited >= target.patience:
                    raise RefusedError(503, "Service Unavailable: all replicas are busy.") from None
                await asyncio.sleep(_LOOK_SECONDS)
                waited += _LOOK_SECONDS
            except TooLateError:
                raise RefusedError(504, "Gateway Timeout: the scoring script took too long.") from None
            except NoAnswerError as error:
                raise RefusedError(502, f"Bad Gateway: {error}") from None
            else:
                headers = {name: text for name, text in reply.headers.items() if name != "content-type"}
                media_type = reply.headers.get("content-type", "application/json")
                return Answer(reply.body, reply.status, media_type, headers)

    def _target(self, request: Request) -> Target:
        azure, host, path = self._world.azure, request.url.hostname or "", str(request.scope["path"])
        service = azure.services.at(host)
        if service:
            _check(azure, service, request)
            self._revive(service, "")
            return Target(service.key(""), path)
        found, cluster = _ON_AKS.fullmatch(path), azure.kubernetes.at(host)
        service = _on(azure, cluster, found["service"]) if found and cluster else None
        if found is None or service is None:
            raise RefusedError(404, f"Not Found: there is no service at http://{host}{path}.")
        _check(azure, service, request)
        asked, version = service.asked, found["version"] or ""
        if isinstance(asked, AksEndpoint):
            balance = self._balances.setdefault(service.id, Balance())
            version = version or balance.pick(settings.traffic(asked)) or ""
        container = settings.containers(asked).get(version)
        if not isinstance(container, AksService):
            raise RefusedError(404, f"Not Found: the service {service.name} has no version {version}.")
        self._revive(service, version)
        replicas = container.auto_scaler.max_replicas if container.auto_scaler.autoscale_enabled else 1
        return Target(
            service.key(version),
            found["rest"] or "/",
            container.scoring_timeout_ms / 1000,
            container.max_concurrent_requests_per_container * (container.num_replicas or replicas),
            container.max_queue_wait_ms / 1000,
        )

    def _revive(self, service: Service, version: str) -> None:
        """A service of a state that was opened again has no server yet."""
        try:
            self._world.azure.services.revive(service, version, lambda folder: proxy_environment(self._world, folder))
        except StartFailedError as error:
            raise RefusedError(502, f"Bad Gateway: {error.message}") from None


def _on(azure: Cloud, cluster: str, name: str) -> Service | None:
    """The service of a name on a cluster, whatever workspace has attached it."""
    for service in azure.services.everywhere():
        if service.name == name.lower() and service.kind != "ACI":
            workspace = azure.resources.get(service.workspace)
            compute = azure.computes.find(workspace, str(service.settings["computeName"])) if workspace else None
            if compute and compute.properties["resourceId"].lower() == cluster.lower():
                return service
    return None


def _check(azure: Cloud, service: Service, request: Request) -> None:
    """Whether who asks has a key, or a token, of the service."""
    given = request.headers.get("authorization", "")
    if service.asked.auth_enabled:
        scheme, _, key = given.partition(" ")
        if scheme.lower() != "bearer" or key.strip() not in service.keys:
            raise RefusedError(401, "Unauthorized: the key of the service is missing or wrong.")
    elif service.settings.get("aadAuthEnabled"):
        try:
            azure.tokens.caller(given, [token_audience(service)], azure.tenant)
        except TokenError as bad:
            raise RefusedError(401, f"Unauthorized: {bad.message}") from None
