"""The one object that takes a job's secrets out of what it is given."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from copy import copy, deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amltasks.redaction.forms import forms_of, is_redactable
from amltasks.redaction.images import is_image, redacted_image
from amltasks.redaction.notebook import is_clean, redact_notebook
from amltasks.redaction.search import MASK, Finder, Span, masked
from amltasks.redaction.stream import RedactedStream

if TYPE_CHECKING:
    from nbformat import NotebookNode

DEEPEST = 150  # levels of JSON that are walked through
_BORDER = "\ue000"  # between texts that are searched in one go: in no secret, and neither noise nor part of an escape
TOO_DEEP = "nested too deeply to be searched for secrets"


class Redactor:
    """Knows secrets by name and replaces whatever betrays one by `***`.

    Values too short or too common to be told from ordinary text are left alone; `too_short` has their names, so that
    whoever owns the log can warn. `found` grows with the names of all secrets that were taken out of something.
    Safe to use from several threads.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.too_short = frozenset(name for name, value in secrets.items() if value and not is_redactable(value))
        self._finder = Finder({name: forms_of(value) for name, value in secrets.items() if is_redactable(value)})
        self._found: set[str] = set()

    @property
    def found(self) -> frozenset[str]:
        """Names of the secrets that were taken out of anything so far."""
        return frozenset(self._found)

    def text(self, text: str) -> str:
        return masked(text, self.spans(text))

    def segments(self, segments: Sequence[str]) -> list[str]:
        """Texts that follow one another, also without secrets that begin in one and end in another."""
        spans = self.spans("".join(segments))
        starts, ends = [span.start for span in spans], [span.end for span in spans]
        redacted, start = [], 0
        for segment in segments:
            end = start + len(segment)
            inside = spans[bisect_right(ends, start) : bisect_left(starts, end)]
            redacted.append(masked(segment, [_clipped(span, start, end) for span in inside]))
            start = end
        return redacted

    def value(self, value: Any) -> Any:
        """A JSON-like value with every string, key and number redacted; keys that become equal are numbered.

        What is nested too deeply to be walked through is replaced by a sentence. Itself where nothing has to change.
        """
        return value if self.is_clean(value) else self._value(value, DEEPEST)

    def is_clean(self, value: Any) -> bool:
        """Whether `value` would leave a JSON-like value as it is: one search of all its texts together."""
        texts: list[str] = []
        return _gather(value, texts, DEEPEST) and not self._finder.find(_BORDER.join(texts))

    def redacted(self, notebook: NotebookNode) -> NotebookNode:
        """The notebook as `notebook` leaves it: itself where nothing has to be taken out, else a copy."""
        if not self._finder or is_clean(self, notebook):
            return notebook
        notebook = deepcopy(notebook)
        self.notebook(notebook)
        return notebook

    def notebook(self, notebook: NotebookNode) -> frozenset[str]:
        """Redacts a notebook in place: sources, outputs, errors, metadata, attachments. Names of the secrets found."""
        only_here = copy(self)
        only_here._found = set()
        redact_notebook(only_here, notebook)
        return self._note(only_here._found)

    def stream(self) -> RedactedStream:
        """For text that arrives in pieces: secrets are found however they are cut."""
        return RedactedStream(self)

    def file(self, path: Path) -> frozenset[str]:
        """Redacts a text file or image in place, atomically. Names of the secrets found. Raises OSError."""
        data = path.read_bytes()
        if is_image(data):
            redacted, names = redacted_image(self, data)
        else:
            text = data.decode("utf-8", "surrogateescape")
            spans = self.spans(text)
            names = frozenset(name for span in spans for name in span.names)
            redacted = masked(text, spans).encode("utf-8", "surrogateescape") if spans else data
        if names:
            beside = path.with_name(f"{path.name[:100]}.redacted")
            beside.write_bytes(redacted)
            beside.replace(path)
        return names

    def binary(self, data: bytes) -> frozenset[str]:
        """Names of the secrets in binary data."""
        return self._note(self._finder.find_in_bytes(data))

    def spans(self, text: str) -> list[Span]:
        """Where secrets stand in a text."""
        spans = self._finder.find(text)
        for span in spans:
            self._note(span.names)
        return spans

    def hold(self, text: str) -> int:
        """From which character on `text` may be the beginning of a secret that goes on after its end."""
        return self._finder.hold(text)

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping | list | tuple) and not depth:
            return TOO_DEEP
        if isinstance(value, Mapping):
            redacted: dict[Any, Any] = {}
            for key, item in value.items():
                redacted[_unused(self._value(key, 0), redacted)] = self._value(item, depth - 1)
            return redacted
        if isinstance(value, list | tuple):
            return self._list(value, depth)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if self.text(str(value)) == str(value) else MASK
        return value

    def _list(self, value: Sequence[Any], depth: int) -> list[Any]:
        if all(isinstance(item, str) for item in value):
            return self.segments(value)
        if all(isinstance(item, int | float) for item in value) and not self.spans(str(list(value))):
            return list(value)
        if all(isinstance(item, int) for item in value):
            return [MASK]
        return [self._value(item, depth - 1) for item in value]

    def _note(self, names: Iterable[str]) -> frozenset[str]:
        self._found.update(names)
        return frozenset(names)


def _gather(value: Any, texts: list[str], depth: int) -> bool:
    """Adds every text that redaction of a JSON-like value looks at; False where it is nested too deeply."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, Mapping):
        return depth > 0 and all(
            _gather(key, texts, 0) and _gather(item, texts, depth - 1) for key, item in value.items()
        )
    elif isinstance(value, list | tuple):
        if depth == 0:
            return False
        if all(isinstance(item, str) for item in value):
            texts.append("".join(value))
        elif all(isinstance(item, int | float) for item in value):
            texts.append(str(list(value)))
        else:
            return all(_gather(item, texts, depth - 1) for item in value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        texts.append(str(value))
    return True


def _clipped(span: Span, start: int, end: int) -> Span:
    """The part of a span that lies in a segment, counted from its beginning."""
    return Span(max(span.start, start) - start, min(span.end, end) - start, span.names)


def _unused(key: Any, taken: Mapping[Any, Any]) -> Any:
    number, candidate = 1, key
    while candidate in taken:
        number += 1
        candidate = f"{key} {number}"
    return candidate
