"""Looks through what stands between the characters of a secret, and remembers where everything was.

A view is bytes made from other bytes by replacing every match of a pattern. `locate` leads back to the bytes at the
root; what it needs for that is made only when something was found, so text without a secret passes at memory speed.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property

# White space, other control characters and the backslash that hides a line's end or another character.
_CONTROLS = bytes([*range(0x21), 0x7F, ord("\\")])
_CONTROL = re.compile(rb"[\x00-\x20\x7f\\]+")
# Colours and other terminal sequences, characters without width, C1 controls, no-break spaces, all as UTF-8.
_INVISIBLE = re.compile(
    rb"\x1b\[[0-9:;<=>?]*[ -/]*[@-~]"
    rb"|\xe2\x80[\x80-\x8f\xa8-\xaf]|\xe2\x81[\x9f-\xaf]|\xef\xbb\xbf|\xe3\x80\x80|\xc2[\x80-\xa0\xad]"
)
_ESCAPE = re.compile(
    rb"%[0-9A-Fa-f]{2}"
    rb"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
    rb"|\\(?:[\\\"'/]|u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[0-7]{3}|[abfnrtv0])"
)
_LETTERS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"0": b"\0"}
PARTIAL_ESCAPE = re.compile(
    rb"(?:%[0-9A-Fa-f]?|&(?:#[0-9]{0,7}|#[xX][0-9A-Fa-f]{0,6}|[A-Za-z][A-Za-z0-9]{0,30})?"
    rb"|\\(?:u[0-9A-Fa-f]{0,4}(?:\\(?:u[0-9A-Fa-f]{0,3})?)?|x[0-9A-Fa-f]?|[0-7]{1,2})?|\x1b(?:\[[0-9:;<=>? -/]*)?)\Z"
)


class View:
    """Bytes as they are seen through a replacement; without a parent, the root."""

    def __init__(
        self,
        data: bytes,
        parent: View | None = None,
        pattern: re.Pattern[bytes] | None = None,
        replace: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.data = data
        self._parent = parent
        self._pattern = pattern
        self._replace = replace

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """The bytes of the root that `data[start:end]`, not empty, was made from; a replaced token is taken whole."""
        if self._parent is None:
            return start, end
        seen, origin, token_end = self._trace
        first = bisect_right(seen, start) - 1
        last = bisect_right(seen, end - 1) - 1
        return self._parent.locate(
            origin[first] if token_end[first] else origin[first] + start - seen[first],
            token_end[last] or origin[last] + end - seen[last],
        )

    @cached_property
    def _trace(self) -> tuple[list[int], list[int], list[int]]:
        """Where each stretch begins here and in the parent, and where its token ends there (0: text as it was)."""
        seen, origin, token_end = [0], [0], [0]
        position = taken = 0
        if self._parent is not None and self._pattern is not None:
            for match in self._pattern.finditer(self._parent.data):
                position += match.start() - taken
                taken = match.end()
                replacement = self._replace(match.group()) if self._replace else b""
                if replacement:
                    seen.append(position)
                    origin.append(match.start())
                    token_end.append(taken)
                    position += len(replacement)
                seen.append(position)
                origin.append(taken)
                token_end.append(0)
        return seen, origin, token_end

    def until(self, end: int) -> View:
        """The same view without what stands at `end` and behind it."""
        return View(self.data[:end], self, re.compile(rb"(?!)"))


def without_noise(view: View) -> View:
    """The view without white space, controls, backslashes, terminal sequences and characters without width."""
    if not view.data.isascii() or b"\x1b[" in view.data:
        view = View(_INVISIBLE.sub(b"", view.data), view, _INVISIBLE)
    return View(view.data.translate(None, _CONTROLS), view, _CONTROL)


def compact(data: bytes) -> bytes:
    return without_noise(View(data)).data


def decoded(view: View) -> View | None:
    """The view with URL, HTML, JSON and Python escapes undone once; None where there are none."""
    if not any(mark in view.data for mark in (b"%", b"&", b"\\")):
        return None
    data, count = _ESCAPE.subn(lambda match: _unescape(match.group()), view.data)
    return View(data, view, _ESCAPE, _unescape) if count else None


def _unescape(token: bytes) -> bytes:
    """What one escape stands for, never empty."""
    kind, code = token[:1], token[1:2]
    if kind == b"%":
        return bytes([int(token[1:], 16)])
    if kind == b"&":
        return html.unescape(token.decode("ascii")).encode("utf-8", "surrogatepass") or token
    if code == b"u":
        units = b"".join(int(unit, 16).to_bytes(2, "little") for unit in token.split(b"\\u")[1:])
        return units.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")
    if code == b"x":
        return bytes([int(token[2:], 16)])
    if len(token) == 4:
        return bytes([int(token[1:], 8) & 0xFF])
    return _LETTERS.get(code, code)
