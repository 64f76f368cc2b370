"""REST calls of the agent itself to the service, over the wire like everybody else's. Standard library only."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from typing import Any

TRIES = 3
VERSION = "7.1"


class ServiceError(Exception):
    """The service refused or could not be reached, after three tries."""


def call(method: str, url: str, token: str, body: object = None) -> Any:
    """The JSON answer to one request; retried where the connection failed or the service said 429 or 5xx."""
    separator = "&" if "?" in url else "?"
    address = f"{url}{separator}api-version={VERSION}"
    credentials = base64.b64encode(f":{token}".encode()).decode()
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}
    if data is not None:
        headers["Content-Type"] = "application/json"
    problem = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(0.2 * 2**attempt)
        request = urllib.request.Request(address, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=100) as answer:
                content = answer.read()
                if answer.status == 203:
                    raise ServiceError(f"{method} {url}: the service asked to sign in")
                return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            problem = f"{method} {url}: {error.code} {_message(text)}"
            if error.code != 429 and error.code < 500:
                break
        except OSError as error:
            problem = f"{method} {url}: {error}"
    raise ServiceError(problem)


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:200]
