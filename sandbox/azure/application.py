"""How a request to a host of Azure finds its operation, and what every one of them meets first."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sandbox.azure.arm import errors
from sandbox.azure.hosts import BLOBS, HOSTS
from sandbox.azure.onlineendpoints import scoring
from sandbox.azure.roles import scope_of
from sandbox.azure.routing import Host, Route
from sandbox.azure.services import scoring as services
from sandbox.azure.storage.forwarding import Blobs
from sandbox.azure.tokens import Caller, TokenError
from sandbox.azure.wire import AzureError, Call
from sandbox.faults import Fault
from sandbox.wire import Answer
from sandbox.work import Work
from sandbox.world import World


class Azure:
    """One world's Azure, by host."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._blobs = Blobs(world)
        self._scoring = scoring.Scoring(world)
        self._services = services.Scoring(world)

    def work(self, request: Request) -> Work:
        name = request.url.hostname or ""
        account = BLOBS.matches(name)
        if account is not None:
            return Work("azure", self._blobs.serve, partial(_faulty, BLOBS), streams=True)
        for door in (scoring.MANAGED, scoring.KUBERNETES):
            if door.matches(name) is not None:
                return Work("azure", self._scoring.serve, partial(_faulty, door))
        for door in (services.CONTAINER_INSTANCE, services.CLUSTER):
            if door.matches(name) is not None:
                return Work("azure", self._services.serve, partial(_faulty, door))
        host, named = next(((host, named) for host in HOSTS if (named := host.matches(name)) is not None), (None, {}))
        own = self._services.door(name) if host is None else None
        if own:
            return Work("azure", self._services.serve, partial(_faulty, own))
        host = host or Host(name, ())

        async def serve(request: Request) -> Answer:
            try:
                answer = await run_in_threadpool(self._serve, request, await request.body(), host, named)
            except AzureError as error:
                answer = error.answer
            except Exception as error:  # our own fault: the client gets an answer, the console the traceback
                traceback.print_exc()
                answer = host.error(500, "InternalServerError", f"The sandbox failed: {error}").answer
            return replace(answer, headers={"x-ms-request-id": str(uuid.uuid4()), **answer.headers})

        return Work("azure", serve, partial(_faulty, host))

    def _serve(self, request: Request, body: bytes, host: Host, named: Mapping[str, str]) -> Answer:
        path = _path(request)
        found = host.find(request.method, path)
        if found is None:
            message = f"The sandbox does not play {request.method} https://{request.url.hostname}{path}."
            raise host.error(501, "NotImplementedInSandbox", message)
        route, values = found
        try:
            answer = self._answer(request, body, host, route, {**named, **values})
        except AzureError as no:
            if route.error is not None and not isinstance(no, route.error):
                no = route.error(no.status, no.code, no.message, no.headers)
            answer = no.answer
        return replace(answer, private=(*answer.private, *route.private))

    def _answer(self, request: Request, body: bytes, host: Host, route: Route, values: Mapping[str, str]) -> Answer:
        path = _path(request)
        query = {name.lower(): text for name, text in parse_qsl(request.url.query, keep_blank_values=True)}
        caller = None if route.public else self._caller(request, host)
        _check_query(route, query, host)
        if "subscription" in values and values["subscription"].lower() != self.world.azure.subscription.id:
            raise errors.subscription_not_found(values["subscription"])
        if caller and route.action and not self.world.azure.roles.allow(caller.object_id, route.action, scope_of(path)):
            raise errors.forbidden(caller.client_id, caller.object_id, route.action, scope_of(path))
        return route.handler(
            Call(
                world=self.world,
                method=request.method,
                host=request.url.hostname or "",
                path=path,
                values=values,
                query=query,
                headers=request.headers,
                body=body,
                version=query.get("api-version", ""),
                caller=caller,
                error=host.error,
            )
        )

    def _caller(self, request: Request, host: Host) -> Caller | None:
        """Who the token speaks for; None where the host asks for none."""
        if not host.audiences:
            return None
        azure = self.world.azure
        try:
            return azure.tokens.caller(request.headers.get("authorization"), host.audiences, azure.tenant)
        except TokenError as bad:
            challenge = (
                f'Bearer authorization_uri="https://login.windows.net/{azure.tenant}", error="invalid_token", '
                f'error_description="{bad.message}"'
            )
            raise host.error(401, bad.code, bad.message, headers={"WWW-Authenticate": challenge}) from None


def _path(request: Request) -> str:
    """azureml-core begins it with two slashes where it makes computes."""
    return "/" + str(request.scope["path"]).lstrip("/")


def _check_query(route: Route, query: Mapping[str, str], host: Host) -> None:
    if route.versions:
        known = ", ".join(route.versions)
        if not query.get("api-version"):
            message = "The api-version query parameter (?api-version=) is required for all requests."
            raise host.error(400, "MissingApiVersionParameter", message)
        if query["api-version"].lower() not in route.versions:
            message = f"The api-version '{query['api-version']}' is invalid. The supported versions are '{known}'."
            raise host.error(400, "InvalidApiVersionParameter", message)
    unknown = sorted(set(query) - {name.lower() for name in route.query} - {"api-version"})
    if unknown:
        known = ", ".join(route.query) or "-"
        message = f"Unknown query parameters: {', '.join(unknown)}. Known are: {known}."
        raise host.error(400, "InvalidQueryParameter", message)


def _faulty(host: Host, fault: Fault) -> Answer:
    status = 401 if fault.sign_in else fault.status or 0
    if fault.body:
        return Answer(fault.body.encode("utf-8"), status, headers=fault.headers)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Fault"
    error = host.error(status, phrase.replace(" ", ""), f"{phrase}. (A fault made by the sandbox.)")
    return replace(error.answer, headers=fault.headers)
