"""The way of every HTTP request to Azure DevOps: pacing, repeating where that is safe, and errors that say what to do.

The SDK repeats on its own what it should not and gives up at once where it should repeat; mounted on its sessions,
this adapter does both in its place. It returns good JSON and files only and raises for everything else:

    ServiceError           refused, or not to be had in the time there was
    └── UnclearWriteError  a POST that was perhaps carried out: whoever sent it must look before sending it again
"""

from __future__ import annotations

import io
import json
import re
import threading
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError
from urllib3.util.retry import Retry

from amltasks.devops.pacing import Pace, retry_after_seconds
from amltasks.errors import ServiceError

CONNECT_SECONDS = 10.0  # also the longest that one block of a request's body may take
ANSWER_SECONDS = 100.0
FILE = "octet-stream"
FEW, MANY = 3, 8  # attempts where the service answers; without a bound while it does not answer or asks to wait

NUMBER = re.compile(r"/\d+\b")  # left out of messages, so that the same trouble reads the same
NO_ANSWER = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
SIGN_IN = (
    "Azure DevOps does not accept the job's access token ({what}). It lives as long as the job; "
    "check that the job has not ended and that the agent passes the SystemVssConnection."
)
TEST_RIGHTS = "Give the build service identity the project permissions 'Create test runs' and 'View test runs'."
WHAT_TO_DO = {
    404: "Check the project's name and the collection's address, and that the build service may see the project.",
    407: "The proxy wants credentials: see the agent's proxy settings.",
    413: "It is larger than the service takes.",
}


class Content(Protocol):
    """Text that is read while it is sent, instead of being held in memory. ASCII without quotes or backslashes."""

    def __len__(self) -> int: ...

    def open(self) -> io.RawIOBase: ...


class UnclearWriteError(ServiceError):
    """A write without a clear answer. attempts: how often it is worth sending it, None while there is time."""

    def __init__(self, error: ServiceError, attempts: int | None) -> None:
        super().__init__(
            str(error),
            status=error.status,
            code=error.code,
            request_id=error.request_id,
            retry_after=error.retry_after,
        )
        self.attempts = attempts


@dataclass(frozen=True)
class Fault:
    """What went wrong with one attempt.

    attempts: how often to try in all, 1 when it is final, None while there is time.
    carried_out: False where the request certainly was not, None where nobody knows.
    """

    error: ServiceError
    attempts: int | None = None
    carried_out: bool | None = None


class Transport(HTTPAdapter):
    """Thread-safe; connections are kept and shared by all threads."""

    def __init__(self, pace: Pace, connections: int = 20) -> None:
        super().__init__(pool_maxsize=connections, max_retries=Retry(0, read=False))
        self._pace = pace
        self._contents: dict[bytes, Content] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections now; left to itself, urllib3 does it when the last answer is garbage."""
        pools = self.poolmanager.pools
        for pool in [pools.get(key) for key in pools.keys()]:  # noqa: SIM118  it cannot be iterated over
            if pool is not None:
                pool.close()
        super().close()

    @contextmanager
    def streamed(self, content: Content) -> Iterator[str]:
        """A word that stands for the content in the bodies of requests: where it is sent, the content is sent."""
        word = f"content-{uuid.uuid4().hex}"
        with self._lock:
            self._contents[word.encode()] = content
        try:
            yield word
        finally:
            with self._lock:
                del self._contents[word.encode()]

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """One request of the SDK, in as many attempts as are safe."""
        _hold_body(request)
        failures = 0
        while True:
            result = self._attempt(request, *args, **kwargs)
            if isinstance(result, requests.Response):
                return result
            failures += 1
            if result.attempts == 1:
                raise result.error
            if request.method == "POST" and result.carried_out is not False:
                raise UnclearWriteError(result.error, result.attempts)
            if result.attempts is not None and failures >= result.attempts:
                raise result.error
            if not self._pace.back_off(failures):
                raise result.error

    def _attempt(self, original: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response | Fault:
        self._pace.wait_for_turn()
        what = f"{original.method} {NUMBER.sub('/…', urlsplit(original.url or '').path)}"
        left, sent = self._pace.left(), self._pace.now()
        if left <= 0:
            return Fault(ServiceError("There was no time left."), attempts=1)
        request = original.copy()
        self._set_body(request)
        kwargs["timeout"] = (min(CONNECT_SECONDS, left), min(ANSWER_SECONDS, left))
        try:
            response = super().send(request, *args, **kwargs)
            response.content  # noqa: B018  read here, so that a connection lost meanwhile counts as this attempt's fault
        except NO_ANSWER as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                return Fault(ServiceError(_certificate_message(error)), attempts=1)
            sentence = f"Azure DevOps did not answer ({what}: {_reason(error)})."
            return Fault(ServiceError(sentence), carried_out=False if _never_connected(error) else None)
        wait = retry_after_seconds(response.headers.get("Retry-After"))
        if wait is not None or "X-RateLimit-Delay" in response.headers or response.status_code in (429, 503):
            self._pace.hold(wait or 0.0, sent)
        else:
            self._pace.ease()
        return _fault_of(response, what, wait) or response

    def _set_body(self, request: requests.PreparedRequest) -> None:
        """A body that is sent in blocks: a whole one would have to be through before the connection times out."""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if body is None:
            return
        before, content, after = self._split(body)
        if content is None:
            request.body = io.BytesIO(body)  # type: ignore[assignment]
        else:
            request.body = _Body(before, content, after)  # type: ignore[assignment]
            request.headers["Content-Length"] = str(len(before) + len(content) + len(after))

    def _split(self, body: bytes) -> tuple[bytes, Content | None, bytes]:
        with self._lock:
            contents = dict(self._contents)
        for word, content in contents.items():
            before, found, after = body.partition(word)
            if found:
                return before, content, after
        return body, None, b""


def _hold_body(request: requests.PreparedRequest) -> None:
    """Reads a body that the SDK gives away block by block, once: then it can be sent again."""
    if request.body is not None and not isinstance(request.body, (str, bytes)):
        request.body = b"".join(request.body)
        request.headers.pop("Transfer-Encoding", None)
        request.headers["Content-Length"] = str(len(request.body))


class _Body:
    """The parts of a body, one after the other."""

    def __init__(self, before: bytes, content: Content, after: bytes) -> None:
        self._parts = iter((lambda: io.BytesIO(before), content.open, lambda: io.BytesIO(after)))
        self._part: Any = next(self._parts)()

    def read(self, size: int = -1) -> bytes:
        while True:
            block: bytes = self._part.read(size)
            if block:
                return block
            self._part.close()
            following = next(self._parts, None)
            if following is None:
                return b""
            self._part = following()


def _fault_of(response: requests.Response, what: str, wait: float | None) -> Fault | None:
    """None for a good answer."""
    status = response.status_code
    if _is_sign_in(response):
        error = ServiceError(SIGN_IN.format(what=f"status {status} for {what}"), status=status, code="SignIn")
        return Fault(error, attempts=FEW)
    if 300 <= status < 400 and response.request.method != "GET":  # a GET is sent on by the session
        place = urlsplit(response.headers.get("Location", ""))
        error = ServiceError(
            f"{what} is redirected to {place.scheme}://{place.netloc}: use that address.", status=status
        )
        return Fault(error, attempts=1)
    if status < 400:
        return None if _is_whole(response) else Fault(ServiceError(f"The answer to {what} was cut off."), attempts=FEW)
    error = _refusal(response, what, wait)
    if status == 429:  # "blocked": documented as not carried out
        return Fault(error, carried_out=False)
    if status in (408, 503):
        return Fault(error)
    if status in (500, 502, 504):
        return Fault(error, attempts=FEW if status == 500 else MANY)
    return Fault(error, attempts=1)


def _is_whole(response: requests.Response) -> bool:
    """Whether the JSON, or the zip, of an answer is complete; there need not be any. Of other files nobody can say."""
    kind = response.headers.get("Content-Type", "")
    if "zip" in kind:
        return zipfile.is_zipfile(io.BytesIO(response.content))
    if FILE in kind:
        return True
    try:
        return not response.content or json.loads(response.content) is not None
    except ValueError:
        return False


def _is_sign_in(response: requests.Response) -> bool:
    """Whether this is the page, or the way to the page, where people sign in: what a bad token mostly gets."""
    status = response.status_code
    if status in (203, 401) or (status in (302, 303) and "signin" in response.headers.get("Location", "").lower()):
        return True
    kind = response.headers.get("Content-Type", "")
    return status < 300 and bool(response.content) and not any(good in kind for good in ("json", "zip", FILE))


def _refusal(response: requests.Response, what: str, wait: float | None) -> ServiceError:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    status = response.status_code
    message = str(body.get("message") or response.reason or "").strip()
    advice = TEST_RIGHTS if status == 403 and "/test/" in what.lower() else WHAT_TO_DO.get(status, "")
    request_id = response.headers.get("X-VSS-E2EID") or response.headers.get("ActivityId")
    return ServiceError(
        f"Azure DevOps refused {what} with status {status}: {message[:300].rstrip('.')}. {advice}".strip(),
        status=status,
        code=body.get("typeKey"),
        request_id=request_id,
        retry_after=wait,
    )


def _certificate_message(error: Exception) -> str:
    return (
        f"No secure connection to Azure DevOps: {_reason(error)}. Where it has a certificate of your own authority, "
        "name the authority's file in REQUESTS_CA_BUNDLE."
    )


def _reason(error: BaseException) -> str:
    """The innermost reason, which names the cause without the pools and retries around it."""
    while isinstance(error, requests.exceptions.RequestException | MaxRetryError) and error.args:
        inner = getattr(error, "reason", None) or error.args[0]
        if not isinstance(inner, BaseException):
            break
        error = inner
    return str(error.args[-1] if error.args else error) or type(error).__name__


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)
