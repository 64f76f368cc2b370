"""The connection to one organization (or Server collection): the real SDK, paced and with errors of our own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import requests

from amltasks import __version__
from amltasks.devops.pacing import Pace
from amltasks.devops.sdk import BUILD_CLIENT, GIT_CLIENT, TEST_CLIENT, BasicAuthentication, ClientException, Connection
from amltasks.devops.transport import Content, Transport, UnclearWriteError
from amltasks.errors import ServiceError

Answer = TypeVar("Answer")


class _JobToken(BasicAuthentication):  # type: ignore[misc]
    """Signs the SDK's sessions with the job's token and sends them by our transport."""

    def __init__(self, token: str, transport: Transport) -> None:
        super().__init__("", token)
        self._transport = transport

    def signed_session(self, session: requests.Session | None = None) -> requests.Session:
        session = super().signed_session(session)
        session.mount("https://", self._transport)
        session.mount("http://", self._transport)
        return session


class Client:
    """Calls of the SDK, from any thread. ServiceError is all that they raise. Leaving it closes its connections.

    url: the collection's address, as `https://dev.azure.com/org/` or `https://server/tfs/Collection/`.
    """

    def __init__(self, url: str, token: str, pace: Pace) -> None:
        self.url = url.rstrip("/") + "/"
        self.pace = pace
        self._transport = Transport(pace)
        self._connection = Connection(self.url, _JobToken(token, self._transport), f"amltasks/{__version__}")
        self._lock = threading.Lock()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def test(self, call: Callable[[Any], Answer]) -> Answer:
        """`client.test(lambda test: test.get_test_runs(...))`: a call of the SDK's TestClient."""
        return self._answer(lambda: call(self._client_of(TEST_CLIENT)))

    def test_once(self, call: Callable[[Any], Answer], look: Callable[[], Answer | None]) -> Answer:
        """A write that must not be carried out twice: where no answer tells, look whether it was, else call again.

        look: gives what the call would have given, None where it was not carried out.
        """
        return self._once(lambda: self.test(call), look)

    def git_once(self, call: Callable[[Any], Answer], look: Callable[[], Answer | None]) -> Answer:
        """The same of the SDK's GitClient."""
        return self._once(lambda: self.git(call), look)

    def _once(self, send: Callable[[], Answer], look: Callable[[], Answer | None]) -> Answer:
        failures = 0
        while True:
            try:
                return send()
            except UnclearWriteError as error:
                failures += 1
                again = self.pace.back_off(failures) and (error.attempts is None or failures < error.attempts)
                found = look()
                if found is not None:
                    return found
                if not again:
                    raise

    def git(self, call: Callable[[Any], Answer]) -> Answer:
        """A call of the SDK's GitClient that may be repeated."""
        return self._answer(lambda: call(self._client_of(GIT_CLIENT)))

    def builds(self, call: Callable[[Any], Answer]) -> Answer:
        """The same of the SDK's BuildClient, for what may be repeated."""
        return self._answer(lambda: call(self._client_of(BUILD_CLIENT)))

    def streamed(self, content: Content) -> AbstractContextManager[str]:
        """A word to put where a request's body shall hold the content; see `Transport.streamed`."""
        return self._transport.streamed(content)

    def _client_of(self, name: str) -> Any:
        with self._lock:
            client = self._connection.get_client(name)
            client.config.keep_alive = True  # else an error closes the connections of all threads
            return client

    def _answer(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except (ClientException, requests.RequestException, ValueError) as error:
            raise ServiceError(f"Azure DevOps gave an answer that the SDK cannot use: {error}") from error
