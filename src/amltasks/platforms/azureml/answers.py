"""What the Azure SDKs raise, as the errors of ours: one sentence with what the service said, and its request id."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from amltasks.agent.neutral import one_line
from amltasks.errors import ServiceError, UserError

_PAUSES = (1.0, 3.0, 9.0)  # seconds
MAY_PASS = (408, 409, 412, 429)  # statuses of requests that may be taken when they come again
_Answer = TypeVar("_Answer")
_AADSTS = re.compile(r"AADSTS(\d+): ?([^\r\n]*?)(?:\s*Trace ID:|\s*Correlation ID:|$)", re.MULTILINE)
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_SIGN_IN = {
    "7000215": "the secret of the service connection is wrong: renew it there",
    "7000222": "the secret of the service connection has expired: renew it there",
    "700016": "its application is not in that tenant: it was deleted, or the connection names another one",
    "90002": "its tenant does not exist: correct the connection",
    "700027": "its certificate is not one of the application's, or has expired: renew it in the connection",
    "700024": "the assertion of Azure DevOps had expired: is the agent's clock right?",
    "700211": "the application trusts no such federation: its issuer and subject must be those of the connection",
    "70021": "the application trusts no such federation: its issuer and subject must be those of the connection",
    "700213": "the application trusts no such federation: its issuer and subject must be those of the connection",
    "700212": "the application trusts no such federation: its audience must be api://AzureADTokenExchange",
}
_AUTHORIZATION = re.compile(r"perform action '([^']+)' over scope '([^']+)'")


@contextmanager
def answered(what: str) -> Iterator[None]:
    """what: a sentence's beginning, said before the reason: `The job could not be submitted`."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        yield
    except ClientAuthenticationError as error:
        raise _not_signed_in(error) from error
    except HttpResponseError as error:
        raise _refused(what, error) from error
    except AzureError as error:
        raise ServiceError(f"{what}: {_reason(error)}") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # The SDK takes some answers for what it has asked for without looking at their status.
        why = f"the answer of Azure cannot be read ({type(error).__name__}: {one_line(str(error), 200)})"
        raise ServiceError(f"{what}: {why}.") from error


def repeated(action: Callable[[], _Answer]) -> _Answer:
    """What an action answers that may be done twice; again after a failure that may pass, a few times.

    The SDK itself repeats only what changes nothing. Raises what the action raises.
    """
    for pause in _PAUSES:
        try:
            return action()
        except ServiceError as error:
            if not may_pass(error.status):
                raise
            time.sleep(error.retry_after if error.retry_after is not None else pause)
    return action()


def may_pass(status: int | None) -> bool:
    """Whether a request may be taken when it comes again. status: None where no answer came."""
    return status is None or status >= 500 or status in MAY_PASS


def said_by(error: Any) -> tuple[str, str]:
    """(code, message) of a refused request, as far as the answer has them."""
    told = getattr(error, "error", None)
    code, message = getattr(told, "code", None), getattr(told, "message", None)
    if message:
        parts = [part.rstrip(". ") for part in (message, *_details(told)) if part]
        return str(code or ""), one_line(": ".join(dict.fromkeys(parts)), 600)
    return str(code or ""), one_line(str(getattr(error, "reason", "") or error), 600)


def _details(told: Any) -> Iterator[str]:
    """What services behind the one that has answered have said: sentences, or lists of them in a JSON text."""
    for each in getattr(told, "details", None) or ():
        text = str(getattr(each, "message", None) or "")
        try:
            errors = json.loads(text)["errors"]
            yield from (str(sentence) for sentences in errors.values() for sentence in sentences)
        except (ValueError, LookupError, TypeError, AttributeError):
            yield text


def refused(what: str, status: int | None, code: str, message: str, request_id: str = "") -> ServiceError | UserError:
    """The error for what a service has answered. code, message: as far as its answer has them."""
    if status == 403:
        allowed = _AUTHORIZATION.search(message)
        may = f"it needs the right {allowed[1]} on {allowed[2]}" if allowed else message
        return UserError(f"{what}: the service connection may not do that: {_sentence(may)}")
    if status is not None and 400 <= status < 500 and status not in (401, *MAY_PASS):
        return UserError(f"{what}: {_sentence(message)}")
    return ServiceError(
        f"{what}: {_sentence(message)} (HTTP {status}{f', {code}' if code else ''})",
        status=status,
        code=code or None,
        request_id=request_id or None,
    )


def _refused(what: str, error: Any) -> ServiceError | UserError:
    code, message = said_by(error)
    headers = error.response.headers if error.response is not None else {}
    request_id = headers.get("x-ms-request-id") or headers.get("x-ms-client-request-id") or ""
    return refused(what, error.status_code, code, message, request_id)


def _not_signed_in(error: Any) -> UserError | ServiceError:
    found = _AADSTS.search(str(error))
    status = error.status_code
    if found and not (status and may_pass(status)):
        why = _SIGN_IN.get(found[1], one_line(found[2], 300).rstrip("."))
        return UserError(f"azureSubscription: signing in was refused: {why} (AADSTS{found[1]}).")
    if status == 401 and error.response is not None:
        code, message = said_by(error)
        return UserError(f"azureSubscription: Azure does not take the service connection's token: {message} ({code}).")
    return ServiceError(f"Signing in to Azure failed: {_reason(error)}", status=status)


def _reason(error: BaseException) -> str:
    return _sentence(one_line(str(error), 500))


def _sentence(text: str) -> str:
    return f"{text.rstrip('. ')}."
