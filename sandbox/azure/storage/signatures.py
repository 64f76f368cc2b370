"""Shared access signatures, as an account's key makes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

VERSION = "2022-11-02"


def sign_account(account: str, key: str, seconds: float = 900) -> str:
    """A query that may do everything with an account's blobs."""
    begins, ends = _times(seconds)
    fields = {
        "sp": "rwdxylacuptfi",
        "ss": "b",
        "srt": "sco",
        "st": begins,
        "se": ends,
        "spr": "https,http",
        "sv": VERSION,
    }
    told = [account, fields["sp"], "b", "sco", begins, ends, "", fields["spr"], VERSION, ""]
    return urlencode({**fields, "sig": _signature(key, [*told, ""])})


def sign_container(account: str, key: str, container: str, permissions: str, seconds: float) -> str:
    """A query for all blobs of a container. permissions: letters of r, a, c, w, d, l."""
    return _sign(account, key, "c", f"/blob/{account}/{container}", permissions, seconds)


def sign_blob(account: str, key: str, container: str, blob: str, permissions: str, seconds: float) -> str:
    """A query for one blob."""
    return _sign(account, key, "b", f"/blob/{account}/{container}/{blob}", permissions, seconds)


def _sign(account: str, key: str, kind: str, resource: str, permissions: str, seconds: float) -> str:
    ordered = "".join(letter for letter in "racwdxyltfmeopi" if letter in permissions)
    begins, ends = _times(seconds)
    told = [ordered, begins, ends, resource, "", "", "", VERSION, kind, *[""] * 7]
    fields = {"sv": VERSION, "st": begins, "se": ends, "sr": kind, "sp": ordered}
    return urlencode({**fields, "sig": _signature(key, told)})


def _times(seconds: float) -> tuple[str, str]:
    """From a little ago to so many seconds on, by the machine's own clock: Azurite knows no other."""
    now = datetime.now(timezone.utc)
    times = now - timedelta(minutes=5), now + timedelta(seconds=seconds)
    return times[0].strftime("%Y-%m-%dT%H:%M:%SZ"), times[1].strftime("%Y-%m-%dT%H:%M:%SZ")


def _signature(key: str, lines: list[str]) -> str:
    digest = hmac.new(base64.b64decode(key), "\n".join(lines).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
