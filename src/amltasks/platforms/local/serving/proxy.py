"""What an endpoint's address answers: who asks is asked for the key, and answered by a deployment."""

from __future__ import annotations

import asyncio
import contextlib
import hmac

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.simple_httpclient import HTTPTimeoutError
from tornado.web import RequestHandler

from amltasks.platforms.endpoints import Auth
from amltasks.platforms.local.serving.front import Front
from amltasks.platforms.local.serving.scoring import Scoring

DEPLOYMENT_HEADER = "azureml-model-deployment"
_REQUEST_SECONDS = 60.0
# Of one connection, or for the door alone.
_NOT_HANDED_ON = {
    "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "authorization",
    "te", "upgrade", "expect", "server", "date",
}  # fmt: skip


class Proxy(RequestHandler):
    """Every path and method: /score, /swagger.json, and GET / without the key, as probes want it."""

    def initialize(self, front: Front, client: AsyncHTTPClient, copies: set[asyncio.Task[None]]) -> None:
        self._front = front
        self._client = client
        self._copies = copies

    async def _answer(self) -> None:
        if not self._may_ask():
            self._refuse(401, "The key is missing or wrong: send it in the header Authorization, as `Bearer KEY`.")
            return
        wanted = self.request.headers.get(DEPLOYMENT_HEADER, "")
        found = self._front.server(wanted)
        if found is None:
            lacking = f"no deployment {wanted!r}" if wanted else "no deployment that has a share of the requests"
            self._refuse(404, f"The endpoint has {lacking}.")
            return
        if not wanted:
            for mirror in self._front.mirrors():
                self._copy_to(mirror)
        name, server = found
        self.set_header(DEPLOYMENT_HEADER, name)
        try:
            self._hand_back(await self._forward(server))
        except HTTPTimeoutError:
            self._refuse(408, "The scoring script has not answered in time.")
        except (HTTPClientError, OSError) as error:
            self._refuse(502, f"The scoring server has ended over the request ({error}).")

    get = post = put = patch = delete = options = head = _answer

    def compute_etag(self) -> None:
        """None: answers are those of the model."""

    def _may_ask(self) -> bool:
        if self._front.endpoint.auth is Auth.NONE or (self.request.method == "GET" and self.request.path == "/"):
            return True
        given = self.request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(given.encode(), self._front.endpoint.key.encode())

    async def _forward(self, server: Scoring) -> HTTPResponse:
        handed = HTTPHeaders()
        for name, value in self.request.headers.get_all():
            if name.lower() not in _NOT_HANDED_ON:
                handed.add(name, value)
        request = HTTPRequest(
            f"{server.address}{self.request.uri}",
            method=self.request.method or "GET",
            headers=handed,
            body=self.request.body or None,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            decompress_response=False,
            request_timeout=server.timeout or _REQUEST_SECONDS,
        )
        server.enter()
        try:
            return await self._client.fetch(request, raise_error=False)
        finally:
            server.leave()

    def _copy_to(self, server: Scoring) -> None:
        """What the copy is answered, nobody hears."""

        async def copy() -> None:
            with contextlib.suppress(HTTPClientError, OSError):
                await self._forward(server)

        task = asyncio.ensure_future(copy())
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    def _hand_back(self, answer: HTTPResponse) -> None:
        self.set_status(answer.code, answer.reason)
        self.clear_header("Content-Type")
        for name, value in answer.headers.get_all():
            if name.lower() not in _NOT_HANDED_ON:
                self.add_header(name, value)
        if answer.body:
            self.write(answer.body)

    def _refuse(self, status: int, message: str) -> None:
        self.set_status(status)
        self.finish({"message": message})
