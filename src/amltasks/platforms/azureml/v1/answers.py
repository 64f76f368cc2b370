"""What the SDK v1 raises, as the errors of ours: one sentence with what the service said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amltasks.agent.neutral import one_line
from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml import answers

_STATUS = re.compile(r"(?:Response Code|Code|status_code\"?)\s*:\s*(\d{3})\b")
_LIBRARIES = ("azure", "azureml", "msrest", "requests", "urllib3")
_JSON = re.compile(r"\{.*\}", re.DOTALL)


@contextmanager
def answered(what: str) -> Iterator[None]:
    """what: a sentence's beginning, said before the reason: `The job could not be submitted`."""
    try:
        with answers.answered(what):
            yield
    except Exception as error:
        if not _is_of_the_sdk(error):
            raise
        raise _translated(what, error) from error


def status_of(error: BaseException) -> int | None:
    """Of the answer because of which the SDK has raised this, as far as that can be found."""
    for each in _chain(error):
        response = getattr(each, "response", None)
        status = getattr(response, "status_code", None) or getattr(each, "status_code", None)
        if isinstance(status, int):
            return status
    found = _STATUS.search(_text(error))
    return int(found[1]) if found else None


def _is_of_the_sdk(error: Exception) -> bool:
    """It raises its own, those of the libraries that it asks by, and bare ones."""
    kind = type(error)
    return kind is Exception or kind.__module__.partition(".")[0] in _LIBRARIES


def _translated(what: str, error: Exception) -> ServiceError | UserError:
    from azure.core.exceptions import AzureError
    from azureml.exceptions import AuthenticationException, UserErrorException, WebserviceException

    for each in _chain(error):
        if isinstance(each, AzureError):  # signing in, from within the SDK
            return _of_azure(what, each)
    status = status_of(error)
    code, message = _said_by(error)
    if status is not None:
        return answers.refused(what, status, code, message)
    # Of services that cannot be the SDK learns before it asks for them, in answers that are none of an error's.
    said_no = (UserErrorException, WebserviceException)
    if isinstance(error, said_no) and not isinstance(error, AuthenticationException):
        return UserError(f"{what}: {message.rstrip('. ')}.")
    return ServiceError(f"{what}: {message.rstrip('. ')}.")


def _of_azure(what: str, error: Exception) -> ServiceError | UserError:
    try:
        with answers.answered(what):
            raise error
    except (ServiceError, UserError) as translated:
        return translated


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from."""
    seen: list[BaseException] = []
    following: Any = error
    while isinstance(following, BaseException) and following not in seen:
        seen.append(following)
        yield following
        inner = getattr(following, "inner_exception", None)
        following = inner if isinstance(inner, BaseException) else following.__cause__ or following.__context__


def _said_by(error: Exception) -> tuple[str, str]:
    """(code, message) of the service, or what the SDK says itself."""
    for each in _chain(error):
        response = getattr(each, "response", None)
        text = getattr(response, "text", "")
        said = _error_in(text() if callable(text) else text)
        if said:
            return said
    text = _text(error)
    return _error_in(text) or ("", one_line(text, 600))


def _error_in(text: object) -> tuple[str, str] | None:
    """The service's error in a JSON text, or in a sentence that ends with one."""
    found = _JSON.search(text) if isinstance(text, str) else None
    try:
        content = json.loads(found[0]) if found else None
    except ValueError:
        return None
    content = content.get("error_details", content) if isinstance(content, dict) else None
    told = content.get("error", content) if isinstance(content, dict) else None
    if not isinstance(told, dict) or not told.get("message"):
        return None
    return str(told.get("code") or ""), one_line(str(told["message"]), 600)


def _text(error: BaseException) -> str:
    return str(getattr(error, "message", "") or error)
