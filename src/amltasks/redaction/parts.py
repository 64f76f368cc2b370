"""The secret parts of a secret: a connection string's key, a service account's private key, a URL's password.

Programs take a secret apart and print or send only the part that matters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

_SENSITIVE = re.compile(
    r"pass(word|phrase|wd)?$|^pwd$|secret$|token$|signature$|^sig$|credential|(?<!public)_?key$", re.I
)
_SETTING = re.compile(r"(?:^|[;&?])\s*([A-Za-z][\w .-]*?)\s*=\s*([^;&]*)")
_USER_INFO = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@", re.I)


def sensitive_parts(secret: str) -> Iterator[str]:
    """Values within a JSON object, a connection string or a URL whose names say that they are secret."""
    named = (*_members(_parsed(secret)), *_SETTING.findall(secret))
    for value in (*(value for name, value in named if _SENSITIVE.search(name)), *_USER_INFO.findall(secret)):
        yield from (value, unquote(value))


def _parsed(secret: str) -> Any:
    if not secret.lstrip().startswith("{"):
        return None
    try:
        return json.loads(secret)
    except (ValueError, RecursionError):
        return None


def _members(value: Any) -> Iterator[tuple[str, str]]:
    """Name and text of every string in nested objects."""
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str):
                yield name, member
            else:
                yield from _members(member)
    elif isinstance(value, list):
        for member in value:
            yield from _members(member)
