"""The hosts at which deployed models are asked."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sandbox.azure.clouds import CLOUDS
from sandbox.azure.onlineendpoints.models import RequestSettings, seconds
from sandbox.azure.onlineendpoints.state import ENDPOINT, KUBERNETES_HOST, SCORING_HOST, key_of
from sandbox.azure.resources import Resource
from sandbox.azure.routing import Host
from sandbox.azure.serving.forwarding import (
    BusyError,
    Forwarding,
    NoAnswerError,
    NoServerError,
    Question,
    Reply,
    TooLateError,
)
from sandbox.azure.tokens import TokenError
from sandbox.azure.wire import AzureError
from sandbox.proxy import proxy_environment
from sandbox.wire import Answer

if TYPE_CHECKING:
    from sandbox.world import World

MANAGED, KUBERNETES = Host(SCORING_HOST, ()), Host(KUBERNETES_HOST, ())
_DEPLOYMENT = "azureml-model-deployment"
_KUBERNETES_PATH = re.compile(r"/api/v1/endpoint/(?P<name>[^/]+)(?P<rest>/.*)?")
_AUDIENCES = [f"https://{cloud.machine_learning}" for cloud in CLOUDS]
_NOBODY = (
    "No valid deployments to route to. Please check that the endpoint has at least one deployment with positive weight "
    "values or use a deployment specific header to route."
)


class ScoringError(AzureError):
    """A refusal of the front door, as plain text."""

    media_type = "text/plain"

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, HTTPStatus(status).phrase, message, headers)

    @property
    def body(self) -> Any:
        return self.message.encode()


@dataclass(frozen=True)
class Target:
    """Who answers a request: a deployment, how long it may take, how many may be asked at once; who gets a copy."""

    deployment: Resource
    seconds: float
    most: int
    managed: bool
    mirror: Target | None = None


class Scoring:
    """All online endpoints of a world, for its server's event loop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._copies: set[asyncio.Task[None]] = set()
        self._reviving = threading.Lock()

    @cached_property
    def _forwarding(self) -> Forwarding:
        return Forwarding(self._world.azure.serving)

    async def serve(self, request: Request) -> Answer:
        body = await request.body()
        number = {"x-request-id": str(uuid.uuid4())}
        try:
            target, question = await run_in_threadpool(self._routed, request, body, number)
            if target.mirror:
                self._copies.add(copy := asyncio.create_task(self._copy(target.mirror, question)))
                copy.add_done_callback(self._copies.discard)
            try:
                answer = await self._ask(target, question)
            except NoServerError:  # deleted since it was chosen, perhaps: whoever has its share by now answers
                target, question = await run_in_threadpool(self._routed, request, body, number)
                answer = await self._ask(target, question, last=True)
        except ScoringError as error:
            return Answer(error.body, error.status, error.media_type, {**number, **error.headers})
        headers = {**answer.headers, **number, _DEPLOYMENT: target.deployment.name}
        media_type = headers.pop("content-type", "application/json")
        return Answer(answer.body, answer.status, media_type, headers)

    def _routed(self, request: Request, body: bytes, headers: Mapping[str, str]) -> tuple[Target, Question]:
        """Who answers a request, and the request as the model sees it. ScoringError."""
        endpoint, path = self._addressed(request)
        query = f"?{request.url.query}" if request.url.query else ""
        question = Question(request.method, f"{path}{query}", {**request.headers, **headers}, body)
        return self._target(request, endpoint), question

    async def _ask(self, target: Target, question: Question, *, last: bool = False) -> Reply:
        """The model's answer, or what the front door makes of there being none. NoServerError, but the last time."""
        try:
            reply = await self._forwarding.ask(key_of(target.deployment), question, target.seconds, target.most)
        except TooLateError:
            return Reply(408 if target.managed else 504, {}, b"upstream request timeout")
        except BusyError:
            return Reply(429 if target.managed else 503, {}, b"Too many pending requests.")
        except NoAnswerError as error:
            if isinstance(error, NoServerError) and not last:
                raise
            reply = Reply(503, {}, f"upstream connect error or disconnect/reset before headers. {error}".encode())
        if reply.status == HTTPStatus.OK:
            return reply
        if not target.managed:
            return Reply(502 if reply.status == 500 else reply.status, reply.headers, reply.body)
        told = {
            "ms-azureml-model-error-statuscode": str(reply.status),
            "ms-azureml-model-error-reason": "model_error",
        }
        return Reply(424, {**reply.headers, **told}, reply.body)

    async def _copy(self, target: Target, question: Question) -> None:
        """Ask without anybody hearing the answer, or that there is none."""
        with contextlib.suppress(NoAnswerError, TooLateError, BusyError):
            await self._forwarding.ask(key_of(target.deployment), question, target.seconds, target.most)

    def _addressed(self, request: Request) -> tuple[Resource, str]:
        """The endpoint that a request is for, and the path that its model sees."""
        host, path = request.url.hostname or "", str(request.scope["path"])
        named = MANAGED.matches(host)
        name = named["endpoint"] if named else ""
        if named is None:
            found = _KUBERNETES_PATH.fullmatch(path)
            if found is None:
                raise ScoringError(404, "")
            name, path = found["name"], found["rest"] or "/"
        endpoint = self._world.azure.onlineendpoints.named(name)
        if endpoint is None or bool(endpoint.properties.get("compute")) == bool(named):
            raise ScoringError(404, f"There is no online endpoint {name!r} here.")
        self._check_caller(request.headers.get("authorization", ""), endpoint)
        return endpoint, path

    def _check_caller(self, authorization: str, endpoint: Resource) -> None:
        azure = self._world.azure
        if endpoint.properties["authMode"] != "AADToken":
            if not azure.onlineendpoints.keys.fits(endpoint, authorization):
                word = "key" if endpoint.properties["authMode"] == "Key" else "token"
                raise ScoringError(401, f"{word}_auth_access_denied", {"WWW-Authenticate": "Bearer"})
            return
        try:
            caller = azure.tokens.caller(authorization, _AUDIENCES, azure.tenant)
        except TokenError:
            message = (
                "Unauthorized. Access token is missing, invalid, audience is incorrect (https://ml.azure.com), or have "
                "expired."
            )
            raise ScoringError(401, message, {"WWW-Authenticate": "Bearer"}) from None
        if not azure.roles.allow(caller.object_id, f"{ENDPOINT}/score/action", endpoint.id):
            raise ScoringError(403, f"No permission for {ENDPOINT}/score/action.")

    def _target(self, request: Request, endpoint: Resource) -> Target:
        named = request.headers.get(_DEPLOYMENT)
        with self._world.store.changing():  # a deployment is not deleted between these looks
            live, mirror = self._chosen(self._world.azure.resources.get(endpoint.id) or endpoint, named)
        managed = not endpoint.properties.get("compute")
        return self._of(live, managed, self._of(mirror, managed) if mirror else None)

    def _chosen(self, endpoint: Resource, named: str | None) -> tuple[Resource, Resource | None]:
        """The deployments that get a request, and a copy of it. named: one that the request asks for."""
        endpoints, properties = self._world.azure.onlineendpoints, endpoint.properties
        name = named or endpoints.balance(endpoint, "live").pick(properties["traffic"])
        live = endpoints.deployment(endpoint, name) if name else None
        if live is None:
            raise ScoringError(404, f"No deployment of the name {named}." if named else _NOBODY)
        shares = properties["mirrorTraffic"]
        if named or properties.get("compute") or not any(shares.values()):
            return live, None
        copied = endpoints.balance(endpoint, "mirror").pick({**shares, "": 100 - sum(shares.values())})
        return live, endpoints.deployment(endpoint, copied) if copied else None

    def _of(self, deployment: Resource, managed: bool, mirror: Target | None = None) -> Target:
        self._revive(deployment)
        settings = RequestSettings.model_validate(deployment.properties["requestSettings"])
        most = 2 * settings.max_concurrent_requests_per_instance * int(deployment.more["sku"]["capacity"])
        return Target(deployment, seconds(settings.request_timeout), most, managed, mirror)

    def _revive(self, deployment: Resource) -> None:
        """A deployment of a state that was opened again has no server yet; where it cannot have one, it has failed."""
        azure = self._world.azure
        with self._reviving:
            state = azure.resources.get(deployment.id)
            if state is None or state.properties["provisioningState"] != "Succeeded":
                return
            if azure.serving.serves(key_of(deployment)):
                return
            try:
                azure.onlineendpoints.serve(deployment, lambda folder: proxy_environment(self._world, folder))
            except AzureError:
                azure.onlineendpoints.move(deployment.id, "Failed")
