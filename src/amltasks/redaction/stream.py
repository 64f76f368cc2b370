"""Redaction of text that arrives in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltasks.redaction.search import TAIL, Span, masked

if TYPE_CHECKING:
    from amltasks.redaction.redactor import Redactor

LIMIT = 1 << 16  # characters held back at most: what looks like one endless beginning is none


class RedactedStream:
    """Gives back each piece as soon as it cannot be the beginning of a secret; `close` gives the rest.

    Not safe to use from several threads. What was given out last is kept, because a secret's first three characters
    before a line's end are let go (lines would wait for the next one otherwise) and the others must still be found.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._given = ""
        self._pending = ""

    def feed(self, piece: str) -> str:
        """What is safe to show after this piece."""
        self._pending += piece
        text = self._given + self._pending
        end = max(self._redactor.hold(text), len(self._given), len(text) - LIMIT)
        return self._release(text, end)

    def close(self) -> str:
        """The rest. The stream can be used again afterwards for text that does not follow."""
        text = self._given + self._pending
        rest = self._release(text, len(text))
        self._given = ""
        return rest

    def _release(self, text: str, end: int) -> str:
        start = len(self._given)
        spans = self._redactor.spans(text)
        end = max([end, *(span.end for span in spans if span.start < end)])
        fresh = [
            Span(max(span.start, start) - start, span.end - start, span.names)
            for span in spans
            if start < span.end <= end
        ]
        self._given = text[max(0, end - TAIL) : end]
        self._pending = text[end:]
        return masked(text[start:end], fresh)
