"""What a notebook writes, as lines of text: all of it in `console.log`, at a bounded rate as events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from amltasks.notebooks.tracebacks import collapse_lines, plain
from amltasks.platforms.base import OutputText, RunEvent
from amltasks.redaction import Redactor

EVENT_LINES_PER_SECOND = 200
EVENT_LINE_LENGTH = 2_000
_BLOCK = 1 << 18  # characters that are redacted in one go
_PENDING_CHUNKS = 256
_LAST_LINES = 20
_LONGEST_LINE = 1 << 20  # characters after which a line without an end is taken as one


class Console:
    """Turns chunks of output into whole lines: carriage returns collapsed, escapes and secrets taken out.

    path: the log. emit: told of the lines in batches, by `flush`. A log that cannot be written does not end the run:
    `problem` then says so.
    """

    def __init__(self, path: Path, redactor: Redactor, emit: Callable[[RunEvent], None]) -> None:
        self.problem = ""
        self._redactor = redactor
        self._redacted = redactor.stream()
        self._emit = emit
        self._unfinished: dict[str, list[str]] = {}  # stream → chunks of its last, incomplete line
        self._lines: list[str] = []
        self._size = 0
        self._tail = ""  # of an incomplete line that passed redaction
        self._batch: list[str] = []
        self._left_out = 0
        self._second, self._shown = 0.0, 0  # when the current second began, lines shown in it
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._file: IO[str] | None = None
        try:
            self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        except OSError as error:
            self._failed(error)

    def header(self, text: str) -> None:
        """A line about a cell, in the log alone: events have their own way of telling it."""
        self.finish_lines()
        now = datetime.now(timezone.utc).strftime("%H:%M:%S")
        self._log(self._redactor.text(f"── {text} · {now}Z ──\n"))

    def write(self, text: str, stream: str = "stdout") -> None:
        """A chunk of one stream; lines appear when they are whole."""
        for start in range(0, len(text), _BLOCK):
            self._write(text[start : start + _BLOCK], stream)

    def _write(self, text: str, stream: str) -> None:
        lines, end, rest = text.rpartition("\n")
        unfinished = self._unfinished.setdefault(stream, [])
        if end:
            self._add("".join([*unfinished, lines]))
            unfinished.clear()
        if rest:
            unfinished.append(rest)
            self._bound(unfinished)

    def finish_lines(self) -> None:
        """Takes what has no line end yet as a line; nothing is held back afterwards."""
        for unfinished in self._unfinished.values():
            if unfinished:
                self._add("".join(unfinished))
                unfinished.clear()
        self._pass_on("".join(self._lines), last=True)

    def flush(self) -> None:
        """Sends the lines that wait as one event, and writes the log out."""
        self._pass_on("".join(self._lines))
        if self._left_out:
            self._batch.append(f"… {self._left_out:,} lines are not shown here; the log has them …")
            self._left_out = 0
        if self._batch:
            self._emit(OutputText(text="\n".join(self._batch)))
            self._batch = []
        if self._file:
            try:
                self._file.flush()
            except OSError as error:
                self._failed(error)

    def close(self) -> None:
        self.finish_lines()
        self.flush()
        if self._file:
            try:
                self._file.close()
            except OSError as error:
                self._failed(error)
            self._file = None

    def _bound(self, unfinished: list[str]) -> None:
        """Progress bars rewrite one line for hours: only what is visible stays. An endless line is cut in pieces."""
        if len(unfinished) < _PENDING_CHUNKS and len(unfinished[-1]) < _LONGEST_LINE:
            return
        unfinished[:] = [collapse_lines("".join(unfinished))]
        if len(unfinished[0]) >= _LONGEST_LINE:
            self._add(unfinished[0])
            unfinished.clear()

    def _add(self, lines: str) -> None:
        lines = collapse_lines(lines + "\n")
        # Line by line where there are escapes: none reaches into the next line.
        lines = "\n".join(map(plain, lines.split("\n"))) if "\x1b" in lines else plain(lines)
        self._lines.append(lines)
        self._size += len(lines)
        if self._size > _BLOCK:
            self._pass_on("".join(self._lines))

    def _pass_on(self, text: str, last: bool = False) -> None:
        """Redacts a block of lines, secrets that run over their borders too, and shows what is safe by now."""
        self._lines, self._size = [], 0
        text = self._redacted.feed(text) + (self._redacted.close() if last else "")
        self._log(text)
        *lines, self._tail = (self._tail + text).split("\n")
        self._show([*lines, self._tail] if last and self._tail else lines)
        if last:
            self._tail = ""

    def last_lines(self) -> str:
        """The end of what was written, for a post-mortem."""
        return "\n".join(line[:EVENT_LINE_LENGTH] for line in self._last)

    def _show(self, lines: list[str]) -> None:
        self._last.extend(lines[-_LAST_LINES:])
        now = time.monotonic()
        if now - self._second >= 1:
            self._second, self._shown = now, 0
        shown = lines[: EVENT_LINES_PER_SECOND - self._shown]
        self._shown += len(shown)
        self._left_out += len(lines) - len(shown)
        self._batch += [
            line if len(line) <= EVENT_LINE_LENGTH else line[:EVENT_LINE_LENGTH] + " … (line cut)" for line in shown
        ]

    def _log(self, text: str) -> None:
        if self._file and text:
            try:
                self._file.write(text)
            except OSError as error:
                self._failed(error)

    def _failed(self, error: OSError) -> None:
        self.problem = f"console.log is not complete, because it could not be written: {error.strerror or error}."
        self._file = None
