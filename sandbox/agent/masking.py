"""Secrets in log lines and issues become `***`. Attachments, artifacts and REST calls are not masked: neither does the
agent.

A line is masked by itself, so a secret of several lines never matches as a whole. Substrings and transformed secrets
are not found, but for the forms registered here: JSON-, URI- and backslash-escaped, and base64 for secret variables.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from urllib.parse import quote

MASK = "***"
# The password in `https://user:password@host`.
_URL_PASSWORD = re.compile(r"(//[^:/?#\n]+:)(?:[\w.~\-]|%(?:AZP25)?[0-9a-fA-F]{2}|[!$&'()*+,;=:])+(?=@)")

# Parameters of a service connection's authorization that are shown; every other one is a secret.
_PUBLIC_PARAMETERS_TEXT = """
    role scope tenantid issuedat expiresat audience authenticationtype authorizationtype accesstokentype
    accesstokenfetchingmethod usewindowssecurity unsecured oauthaccesstokenissupplied completecallbackpayload
    acceptuntrustedcertificates"""
_PUBLIC_PARAMETERS = frozenset(_PUBLIC_PARAMETERS_TEXT.split())


def is_secret_parameter(name: str) -> bool:
    return name.lower() not in _PUBLIC_PARAMETERS


class Masker:
    """The secrets that one job knows. Safe for use from several threads."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        """Mask a value and its escaped forms from now on; what was printed before stays visible."""
        forms = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
        forms |= {quote(value, safe="-_.~"), value.replace("\\", "\\\\")}
        with self._lock:
            self._values |= {form for form in forms if form}
            self._pattern = None

    def add_variable(self, value: str) -> None:
        """Mask a secret variable that the job starts with: also without its quotes and white space, and in base64."""
        if not value.strip():
            return
        encoded = base64.b64encode(value.encode()).decode()
        for form in (value, _escape(value), encoded):
            for each in (form, form.strip("\r\n "), form.strip("'\"")):
                if each:
                    self.add(each)

    def mask(self, line: str) -> str:
        with self._lock:
            if self._pattern is None:
                self._pattern = re.compile("|".join(map(re.escape, self._values)) or r"(?!)")
            pattern, values = self._pattern, self._values
            if pattern.search(line):
                line = _replace(line, sorted(_positions(line, values)))
        return _URL_PASSWORD.sub(rf"\1{MASK}", line)


def _escape(value: str) -> str:
    return value.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _positions(line: str, values: set[str]) -> set[tuple[int, int]]:
    """Start and end of every occurrence, overlapping ones too."""
    found = set()
    for value in values:
        start = line.find(value)
        while start >= 0:
            found.add((start, start + len(value)))
            start = line.find(value, start + 1)
    return found


def _replace(line: str, positions: list[tuple[int, int]]) -> str:
    """Overlapping and adjacent occurrences become one mask."""
    parts: list[str] = []
    end = -1
    for start, stop in positions:
        if start > end:
            parts += [line[max(end, 0) : start], MASK]
        end = max(end, stop)
    return "".join([*parts, line[max(end, 0) :]])
