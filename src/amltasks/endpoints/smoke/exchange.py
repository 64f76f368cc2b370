"""One request to an endpoint, and its answer: the only place here that talks HTTP.

Proxies and certificates are those that requests finds in the environment, as for all that the tasks send; what is on
this machine is asked without a proxy. Redirects are not followed: the key is for one address.
"""

from __future__ import annotations

import secrets
import time
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from amltasks.endpoints.smoke.answers import Answer
from amltasks.endpoints.smoke.cases import Case
from amltasks.errors import UserError
from amltasks.platforms.endpoints import CURRENT, Access
from amltasks.quoting import quoted

if TYPE_CHECKING:
    import requests

MOST_BYTES = 32 * 2**20  # of an answer
CONNECT_SECONDS = 10.0
BLOCK = 2**16
# What scoring servers tell Application Insights as the `Client Request Id`; of `traceparent` they make nothing.
CLIENT_REQUEST_ID = "x-ms-client-request-id"
NOT_YET = (429, 502, 503, 504)  # while something starts
_OWN_STATUS = "ms-azureml-model-error-statuscode"
_HERE = ("127.0.0.1", "localhost", "::1")


def new_trace() -> str:
    """A trace's id: 32 hexadecimal digits, never only zeros."""
    return secrets.token_hex(15) + "01"


def traceparent(trace: str) -> str:
    """The W3C header of one request of the trace, which is recorded."""
    return f"00-{trace}-{secrets.token_hex(7)}01-01"


def session_for(access: Access) -> requests.Session:
    """For requests from several threads."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.auth = lambda request: request  # the key of the access, never one of a .netrc
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))  # which bind callers to one deployment
    session.trust_env = urlsplit(access.address).hostname not in _HERE
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=64, max_retries=0))
    return session


def exchange(session: requests.Session, access: Access, case: Case, deployment: str, trace: str) -> Answer:
    """Sends the case once. deployment: the one that is to answer; empty for whom the endpoint chooses.

    That no answer comes is an answer with a fault. Raises UserError where the address cannot be one.
    """
    import requests
    from urllib3.exceptions import HTTPError

    parent = traceparent(trace)
    headers = {"Content-Type": case.content_type, "traceparent": parent, CLIENT_REQUEST_ID: trace}
    headers |= {**access.headers, **case.headers}
    headers |= _to_deployment(access, deployment)
    request = requests.Request(
        case.method,
        _address(access.addresses.get(deployment, access.address), case.path),
        headers={name: value for name, value in headers.items() if value},
        data=case.body or None,
    )
    try:
        prepared = session.prepare_request(request)
    except (requests.exceptions.RequestException, UnicodeError) as error:
        raise UserError(f"{quoted(access.address)} is no address of an endpoint: {error}.") from None
    settings = session.merge_environment_settings(prepared.url, {}, True, None, None)
    started = time.perf_counter()
    bounds = (min(CONNECT_SECONDS, case.timeout), case.timeout)
    answer: dict[str, Any]
    try:
        with session.send(prepared, timeout=bounds, allow_redirects=False, **settings) as response:
            body, fault = _read(response, started + case.timeout)
            status = 0 if fault else _status(response)
            answer = {
                "status": status,
                "headers": {name.lower(): value for name, value in response.headers.items()},
                "body": body,
                "fault": fault,
                "again": status in NOT_YET,
            }
    except (requests.exceptions.RequestException, HTTPError) as error:
        fault, again = _why_none(error, case.timeout)
        answer = {"fault": fault, "again": again}
    return Answer(seconds=time.perf_counter() - started, trace=parent, **answer)


def _status(response: requests.Response) -> int:
    """The scoring script's own: a managed endpoint makes 424 of all but 200 and tells the script's in a header.

    https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints, HTTP status codes
    """
    own = response.headers.get(_OWN_STATUS, "")
    managed = response.status_code == HTTPStatus.FAILED_DEPENDENCY and own.isdecimal()
    return int(own) if managed else response.status_code


def _address(scoring: str, path: str) -> str:
    return urljoin(scoring, path) if path else scoring


def _to_deployment(access: Access, deployment: str) -> dict[str, str]:
    if not deployment or deployment in access.addresses or (deployment == CURRENT and not access.deployment_header):
        return {}
    if not access.deployment_header:
        raise UserError(f"deployment: {quoted(deployment)} cannot be asked by itself at this endpoint.")
    return {access.deployment_header: deployment}


def _read(response: requests.Response, deadline: float) -> tuple[bytes, str]:
    """The body as far as it goes into what is read, and why it does not."""
    blocks, size = [], 0
    # What has come by now, and not so many bytes: a response that drips must not take longer than it may.
    while block := response.raw.read1(BLOCK, decode_content=True):
        blocks.append(block)
        size += len(block)
        if size > MOST_BYTES:
            return b"".join(blocks), f"The response has more than {MOST_BYTES // 2**20} MiB."
        if time.perf_counter() > deadline:
            return b"".join(blocks), f"The response was not complete in time: {size:,} bytes had come."
    return b"".join(blocks), ""


def _why_none(error: Exception, timeout: float) -> tuple[str, bool]:
    """A sentence, and whether to ask again while what is asked may still be starting."""
    from requests import exceptions
    from urllib3.exceptions import DecodeError, IncompleteRead

    innermost = _innermost(error)
    name = type(innermost).__name__
    if isinstance(error, exceptions.ProxyError):
        return f"The proxy does not let the request pass: {innermost}.", False
    if isinstance(error, exceptions.SSLError):
        return (
            f"No secure connection: {innermost}. Where the endpoint has a certificate of your own authority, name the "
            "authority's file in REQUESTS_CA_BUNDLE."
        ), False
    if isinstance(error, exceptions.ConnectTimeout):
        return "Nobody answers at this address: no connection in time.", True
    if isinstance(error, exceptions.Timeout) or isinstance(innermost, TimeoutError) or "ReadTimeout" in name:
        return f"No answer within {timeout:g} s.", True
    if isinstance(error, DecodeError):
        return f"The response is not encoded as its head says: {innermost}.", False
    if isinstance(innermost, IncompleteRead):
        return "The connection was dropped in the middle of the response.", True
    if "NameResolution" in name or "gaierror" in name:
        return "The host's name is not known.", True
    if isinstance(innermost, ConnectionRefusedError):
        return "The connection is refused: nothing listens there.", True
    if isinstance(innermost, ConnectionResetError | BrokenPipeError) or "RemoteDisconnected" in name:
        return "The connection was dropped without an answer.", True
    return f"No answer: {innermost}.", True


def _innermost(error: BaseException) -> BaseException:
    """The cause without the pools and retries around it."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = getattr(error, "reason", None) or next(
            (each for each in reversed(error.args) if isinstance(each, BaseException)), None
        )
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error
    return error
