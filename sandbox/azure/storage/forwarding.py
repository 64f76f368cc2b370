"""Requests to an account's blobs, handed on to Azurite as they come: signatures and keys are its to check."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sandbox.azure.clouds import STORAGE
from sandbox.azure.storage import errors, signatures
from sandbox.azure.storage.azurite import AzuriteError
from sandbox.azure.storage.state import IDLE_SECONDS, Account
from sandbox.azure.tokens import TokenError
from sandbox.wire import Answer

if TYPE_CHECKING:
    from sandbox.world import World

_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding"}
_VERBS = {"GET": "read", "HEAD": "read", "DELETE": "delete"}


class Blobs:
    """The hosts `{account}.blob.core.windows.net` of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = httpx.AsyncClient(
            trust_env=False, timeout=None, limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS)
        )
        self._client.headers.clear()

    async def serve(self, request: Request) -> Answer:
        try:
            return await self._forward(request, (request.url.hostname or "").partition(".")[0])
        except errors.StorageError as error:
            async for _ in request.stream():  # a client that is still sending would not see the answer
                pass
            return error.answer

    async def _forward(self, request: Request, name: str) -> Answer:
        account = self._world.azure.storage.account(name)
        if account is None:
            raise errors.no_account(name)
        headers = {name: text for name, text in request.headers.items() if name not in _HOP_BY_HOP}
        query = request.url.query
        if headers.get("authorization", "").lower().startswith("bearer "):
            self._check(request, account)
            del headers["authorization"]
            query = "&".join(filter(None, [query, signatures.sign_account(account.name, account.key)]))
        try:
            base = await run_in_threadpool(self._world.azure.storage.serving)
        except AzuriteError as error:
            raise errors.unavailable(str(error)) from None
        path = request.scope["raw_path"].decode("ascii")
        sent = self._client.build_request(
            request.method, f"{base}{path}?{query}", headers=headers, content=_body(request, headers)
        )
        try:
            answer = await self._client.send(sent, stream=True)
        except httpx.TransportError as error:
            raise errors.interrupted(f"Azurite did not answer: {type(error).__name__} {error}".strip()) from None
        told = {name: text for name, text in answer.headers.items() if name not in _HOP_BY_HOP}
        return Answer(status=answer.status_code, headers=told, stream=_rest(answer))

    def _check(self, request: Request, account: Account) -> None:
        """Whether a token is for storage, and its owner may do this. Azurite would take any."""
        azure = self._world.azure
        try:
            caller = azure.tokens.caller(request.headers["authorization"], [STORAGE], azure.tenant)
        except TokenError as bad:
            raise errors.unauthenticated(str(bad), azure.tenant) from None
        query = request.query_params
        if query.get("comp") == "userdelegationkey":
            raise errors.not_played("user delegation keys")
        container = request.url.path.split("/")[1]
        verb = _VERBS.get(request.method, "write")
        about_container = query.get("restype") == "container" and query.get("comp") != "list"
        action = f"{_CONTAINERS}/{verb}" if about_container else f"{_CONTAINERS}/blobs/{verb}"
        scope = f"{account.path}/blobServices/default/containers/{container}" if container else account.path
        if not azure.roles.allow(caller.object_id, action, scope):
            raise errors.no_permission()


def _body(request: Request, headers: Mapping[str, str]) -> AsyncIterator[bytes] | None:
    chunked = "chunked" in request.headers.get("transfer-encoding", "").lower()
    return request.stream() if chunked or headers.get("content-length", "0") != "0" else None


async def _rest(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_raw():
            yield part
    finally:
        await answer.aclose()
