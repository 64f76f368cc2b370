"""Finds every form of every secret in a text, in one pass for all of them."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ahocorasick_rs import BytesAhoCorasick

from amltasks.redaction.forms import Forms
from amltasks.redaction.views import PARTIAL_ESCAPE, View, decoded, without_noise

WINDOW = 1 << 20  # characters searched at once: bounds memory
OVERLAP = 4096  # characters that neighbouring windows share: as far as noise may stretch a secret
TAIL = 1024  # characters at the end of a stream in which a secret may have begun
HARMLESS = (
    4  # a beginning of a secret shorter than this is let go before a line's end: lines must not wait for the next
)
DECODINGS = 2  # escapes within escapes are undone this often
_GZIP = re.compile(rb"H4sI[A-Za-z0-9+/_-]{12,}={0,2}")
_BASE64_END = re.compile(rb"[A-Za-z0-9+/_-]{1,4}\Z")
_BASE64_START = re.compile(rb"[A-Za-z0-9+/_-]{0,4}={0,2}")
_GZIP_LIMIT = 1 << 20  # bytes unpacked of one blob


MASK = "***"


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a text betray these secrets."""

    start: int
    end: int
    names: frozenset[str]


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with a mask in place of each span."""
    parts, position = [], 0
    for span in spans:
        parts += [text[position : span.start], MASK]
        position = span.end
    parts.append(text[position:])
    return "".join(parts)


class Finder:
    """Looks for the forms of named secrets."""

    def __init__(self, secrets: Mapping[str, Forms]) -> None:
        self._exact = _Automaton((name, form) for name, forms in secrets.items() for form in forms.exact)
        self._cased = _Automaton((name, form) for name, forms in secrets.items() for form in forms.cased)
        self._folded = _Automaton((name, form) for name, forms in secrets.items() for form in forms.folded)

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._exact)

    def find(self, text: str) -> list[Span]:
        """Where secrets stand, in order, without overlap. Time is linear in the text, memory bounded."""
        if not self._exact:
            return []
        spans = [span for start in range(0, max(len(text), 1), WINDOW) for span in self._find_in_window(text, start)]
        return _merged(spans)

    def find_in_bytes(self, data: bytes) -> frozenset[str]:
        """Names of the secrets in binary data."""
        return frozenset(name for _, _, names in self._hits(View(data)) for name in names)

    def hold(self, text: str) -> int:
        """From which character on `text` may be the beginning of a secret that goes on after its end."""
        if not self._exact:
            return len(text)
        start = max(0, len(text) - TAIL)
        tail = text[start:].encode("utf-8", "surrogatepass")
        held = self._hold(View(tail), tail.endswith(b"\n"), DECODINGS, len(tail))
        offset, _ = _whole_characters(tail, held, len(tail))
        return start + len(tail[:offset].decode("utf-8", "surrogatepass"))

    def _find_in_window(self, text: str, start: int) -> Iterator[Span]:
        window = text[max(0, start - OVERLAP) : start + WINDOW]
        data = window.encode("utf-8", "surrogatepass")
        hits = [(*_whole_characters(data, first, last), names) for first, last, names in self._hits(View(data))]
        at = _characters(data, sorted({offset for first, last, _ in hits for offset in (first, last)}))
        for first, last, names in hits:
            shift = max(0, start - OVERLAP)
            yield Span(shift + at[first], shift + at[last], names)

    def _hits(self, root: View) -> Iterator[tuple[int, int, frozenset[str]]]:
        level: View | None = root
        for _ in range(DECODINGS + 1):
            if level is None:
                return
            plain = without_noise(level)
            for automaton, data, view in (
                (self._exact, level.data, level),
                (self._cased, plain.data, plain),
                (self._folded, plain.data.lower(), plain),
            ):
                for start, end, names in automaton.matches(data):
                    first, last = view.locate(start, end)
                    yield (*(_seam(root.data, first, last) if automaton is self._cased else (first, last)), names)
            yield from self._packed(plain)
            level = decoded(level)

    def _packed(self, view: View) -> Iterator[tuple[int, int, frozenset[str]]]:
        """Blobs of gzip in base64 that hold a secret."""
        if b"H4sI" not in view.data:
            return
        for blob in _GZIP.finditer(view.data):
            names = self.find_in_bytes(_unpacked(blob.group()))
            if names:
                yield (*view.locate(blob.start(), blob.end()), names)

    def _hold(self, view: View, ends_line: bool, depth: int, best: int) -> int:
        partial = PARTIAL_ESCAPE.search(view.data[-64:])
        stages = [view]
        if partial:
            cut = max(0, len(view.data) - 64) + partial.start()
            best = min(best, view.locate(cut, cut + 1)[0])
            stages.append(view.until(cut))
        for stage in stages:
            plain = without_noise(stage)
            for automaton, data, seen, tolerant in (
                (self._exact, stage.data, stage, False),
                (self._cased, plain.data, plain, True),
                (self._folded, plain.data.lower(), plain, True),
            ):
                length = automaton.begun(data)
                if length and not (tolerant and ends_line and length < HARMLESS):
                    best = min(best, seen.locate(len(data) - length, len(data))[0])
            inner = decoded(stage) if depth else None
            if inner:
                best = self._hold(inner, ends_line, depth - 1, best)
        return best


class _Automaton:
    """Byte strings with the names of the secrets they are forms of."""

    def __init__(self, forms: Iterable[tuple[str, bytes]]) -> None:
        names: dict[bytes, set[str]] = {}
        for name, form in forms:
            names.setdefault(form, set()).add(name)
        self._forms = sorted(names)
        self._names = [frozenset(names[form]) for form in self._forms]
        self._longest = max(map(len, self._forms), default=0)
        self._search = BytesAhoCorasick(self._forms) if self._forms else None

    def __bool__(self) -> bool:
        return bool(self._forms)

    def matches(self, data: bytes) -> Iterator[tuple[int, int, frozenset[str]]]:
        if self._search and data:
            for index, start, end in self._search.find_matches_as_indexes(data, overlapping=True):
                yield start, end, self._names[index]

    def begun(self, data: bytes) -> int:
        """Length of the longest end of `data` with which a form begins without being complete."""
        for length in range(min(self._longest - 1, len(data)), 0, -1):
            end = data[-length:]
            place = bisect_left(self._forms, end)
            if place < len(self._forms) and self._forms[place] == end:
                place += 1
            if place < len(self._forms) and self._forms[place].startswith(end):
                return length
        return 0


def _unpacked(blob: bytes) -> bytes:
    """What is in a blob of gzip in base64; empty where it is not one after all."""
    text = blob.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    text = text[: len(text) - (len(text) % 4 == 1)]
    try:
        packed = base64.b64decode(text + b"=" * (-len(text) % 4))
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, _GZIP_LIMIT)
    except (binascii.Error, zlib.error):
        return b""


def _seam(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The range of a match in base64 widened by the characters that a secret shares with what surrounds it."""
    before = _BASE64_END.search(data, max(0, start - 4), start)
    after = _BASE64_START.match(data, end)
    return before.start() if before else start, after.end() if after else end


def _whole_characters(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The range widened to whole UTF-8 characters."""
    while 0 < start < len(data) and data[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end += 1
    return start, end


def _characters(data: bytes, offsets: list[int]) -> dict[int, int]:
    """Byte offsets, in order, to character offsets."""
    if data.isascii():
        return {offset: offset for offset in offsets}
    places: dict[int, int] = {}
    byte = character = 0
    for offset in offsets:
        character += len(data[byte:offset].decode("utf-8", "surrogatepass"))
        byte = offset
        places[offset] = character
    return places


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start <= merged[-1].end:
            last = merged[-1]
            merged[-1] = Span(last.start, max(last.end, span.end), last.names | span.names)
        else:
            merged.append(span)
    return merged
