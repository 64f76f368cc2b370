"""Requests from pages of other origins: what a browser asks before, and what lets a page read the answer.

Every origin may ask, "null" too, since only a token lets anybody read.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.wire import Answer

_ALLOWED_HEADERS = (
    *("accept", "authorization", "content-type", "if-match", "x-http-method-override"),
    *("x-tfs-fedauthredirect", "x-tfs-session", "x-vss-reauthenticationaction"),
)
_READABLE = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ActivityId, X-MS-ContinuationToken"}


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Others that say OPTIONS ask for locations."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def preflight() -> Answer:
    return Answer(
        status=200,
        headers={
            **_READABLE,
            "Access-Control-Allow-Methods": "OPTIONS, GET, POST, PATCH, PUT, DELETE",
            "Access-Control-Allow-Headers": ", ".join(_ALLOWED_HEADERS),
            "Access-Control-Max-Age": "3600",
        },
    )


def readable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers to add to the answer of a request that has these."""
    return _READABLE if "origin" in headers else {}
