"""Azure DevOps' REST services and the page: how a request finds its operation, and what every one of them meets."""

from __future__ import annotations

import re
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sandbox.devops import cors, scopes
from sandbox.devops.dialect import dialect_of
from sandbox.devops.routes import ROUTES
from sandbox.faults import Fault
from sandbox.pages import routes as pages
from sandbox.routing import ANY, LATEST_VERSION, Location, Route, Router
from sandbox.wire import Answer, Call, ServiceError, api_version, bad_request
from sandbox.work import Work
from sandbox.world import World

_KNOWN_VERSION = re.compile(r"(?P<number>[1-9]\.\d)(?P<preview>-preview(\.\d+)?)?")
_CHANGING = ("POST", "PATCH", "PUT", "DELETE")

THROTTLED = (
    "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource "
    "'Concurrency' in namespace 'User'."
)
SIGN_IN = Answer(
    b'<!DOCTYPE html><html lang="en"><head><title>Azure DevOps Services | Sign In</title></head>'
    b"<body><p>Sign in to continue.</p></body></html>",
    status=203,
    media_type="text/html; charset=utf-8",
)

OLD_HOST = ".visualstudio.localhost"  # of an organization that is still on visualstudio.com
SERVER_ROOT = "/tfs/DefaultCollection"

Found = tuple[Route, Mapping[str, str]]


class DevOps:
    """One organization's services."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._router = Router([*ROUTES, *pages.ROUTES])

    def work(self, request: Request) -> Work:
        if cors.is_preflight(request.method, request.headers):
            return _preflight()
        root, path = self._addressed(request)
        found = self._router.find(request.method, path)
        readable = {} if found is not None and found[0].page else cors.readable(request.headers)

        async def serve(request: Request) -> Answer:
            try:
                answer = await run_in_threadpool(self._serve, request, await request.body(), root, found)
            except ServiceError as error:
                answer = Answer(error.body, error.status)
            except Exception as error:  # our own fault: the client gets an answer, the console the traceback
                traceback.print_exc()
                answer = Answer(ServiceError(500, type(error).__name__, f"The sandbox failed: {error}").body, 500)
            return replace(answer, headers={"ActivityId": str(uuid.uuid4()), **readable, **answer.headers})

        def faulty(fault: Fault) -> Answer:
            answer = _faulty(fault)
            return replace(answer, headers={**readable, **answer.headers})

        plain = dialect_of(request.headers.get("accept", "")).plain  # of another form the documents say nothing
        return Work("azure-devops", serve, faulty, published=plain and (found is None or found[0].published))

    def _serve(self, request: Request, body: bytes, root: str, found: Found | None) -> Answer:
        """Carry out a request whose route was looked up."""
        page = found is not None and found[0].page
        token = self.world.tokens.find(request.headers.get("authorization"))
        if token is None and not page:
            return _sign_in(request)
        if found is None:
            raise ServiceError(
                501, "NotImplementedInSandbox", f"The sandbox does not play {request.method} {request.url.path}."
            )
        route, values = found
        if not page:
            _check_version(request, route.location)
            if token is not None and token.scopes is not None:
                scopes.check(token.scopes, route, token.identity)
        call = Call(
            world=self.world,
            method=request.method,
            base_url=f"{request.url.scheme}://{request.url.netloc}",
            values=values,
            query={name.lower(): text for name, text in parse_qsl(request.url.query, keep_blank_values=True)},
            headers=request.headers,
            body=body,
            identity="" if token is None else token.identity,
            locations=self._router.locations,
            root=root,
        )
        _check_query(call, route)
        if "project" in values:
            self.world.project.check(values["project"])
        answer = route.handler(call)
        return answer if page else dialect_of(request.headers.get("accept", "")).spoken(answer, route.location)

    def _addressed(self, request: Request) -> tuple[str, str]:
        """What of the decoded path names the collection, and the rest; other collections have no routes.

        As dev.azure.com has it (`/sandbox/…`), Azure DevOps Server (`/tfs/DefaultCollection/…`) and visualstudio.com,
        where the host names the organization.
        """
        path = str(request.scope["path"])
        if (request.url.hostname or "").lower() == f"{self.world.organization}{OLD_HOST}":
            first = path.lstrip("/").partition("/")[0].lower()
            project = self.world.project
            return "", path.lstrip("/") if first in ("_apis", project.id, project.name.lower()) else path
        for root in (f"/{self.world.organization}", SERVER_ROOT):
            if path.lower().startswith(f"{root.lower()}/"):
                return path[: len(root)], path[len(root) + 1 :]
        return f"/{self.world.organization}", path


def _preflight() -> Work:
    """What a browser asks before a page's request; nobody is signed in for it."""

    async def serve(request: Request) -> Answer:
        return cors.preflight()

    return Work("azure-devops", serve, _faulty, published=False)


def _check_version(request: Request, location: Location) -> None:
    version = api_version(request.query_params, request.headers)
    if version is None:
        if request.method in _CHANGING:
            raise ServiceError(
                400,
                "VssVersionNotSpecifiedException",
                f'No api-version was supplied for the "{request.method}" request. The version must be supplied either '
                'as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter '
                '(e.g. "?api-version=1.0").',
            )
        return
    found = _KNOWN_VERSION.fullmatch(version)
    if found is None:
        raise ServiceError(400, "VssInvalidApiVersionException", f"The api-version {version!r} is not valid.")
    number, preview = float(found["number"]), found["preview"] is not None
    if number > LATEST_VERSION:
        raise ServiceError(
            400,
            "VssVersionOutOfRangeException",
            f"The requested REST API version of {version} is out of range for this server. The latest REST API "
            f"version this server supports is {LATEST_VERSION}.",
        )
    if not preview and number > location.released_version:
        raise ServiceError(
            400,
            "VssInvalidPreviewVersionException",
            f'The requested version "{version}" of the resource is under preview. The -preview flag must be supplied '
            f'in the api-version for such requests. For example: "{version}-preview"',
        )


def _check_query(call: Call, route: Route) -> None:
    known = {name.lower() for name in route.query} | {"api-version"}
    unknown = sorted(set(call.query) - known)
    if unknown and route.query != ANY:
        raise bad_request(
            f"Unknown query parameters: {', '.join(unknown)}. Known are: {', '.join(route.query) or '-'}."
        )


def _sign_in(request: Request) -> Answer:
    """What a missing, bad or expired token gets: the page people sign in at, unless the client declines it."""
    if request.headers.get("x-tfs-fedauthredirect", "").lower() == "suppress":
        error = ServiceError(401, "UnauthorizedRequestException", "TF400813: The user is not authorized.")
        return Answer(error.body, 401, headers={"WWW-Authenticate": 'Basic realm="sandbox", Bearer'})
    return SIGN_IN


def _faulty(fault: Fault) -> Answer:
    if fault.sign_in:
        return SIGN_IN
    status = fault.status or 0
    if fault.body:
        return Answer(fault.body.encode("utf-8"), status, headers=fault.headers)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Fault"
    words = THROTTLED if status == HTTPStatus.TOO_MANY_REQUESTS else f"{phrase}."
    error = ServiceError(status, "VssServiceException", f"{words} (A fault made by the sandbox.)")
    return Answer(error.body, status, headers=fault.headers)
