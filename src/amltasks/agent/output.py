"""The one way to the agent's log."""

from __future__ import annotations

import threading
from typing import TextIO

from amltasks.agent.neutral import neutralise
from amltasks.redaction import Redactor


class Output:
    """Writes to the agent's standard output; from any thread, whole lines at a time.

    Text is redacted and made harmless. Commands, made by `amltasks.agent.commands`, pass as they are: the agent masks
    in its log, and a secret that it is told to mask must reach it.
    """

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor
        self._lock = threading.Lock()

    def with_redactor(self, redactor: Redactor) -> Output:
        """The same way to the log, with more to be taken out."""
        output = Output(self._stream, redactor)
        output._lock = self._lock
        return output

    def text(self, text: str) -> None:
        """One or more lines for people."""
        self._write(neutralise(self.redacted(text)))

    def redacted(self, text: str) -> str:
        """Text for a command that people will see."""
        return self._redactor.text(text)

    def command(self, *commands: str) -> None:
        self._write("\n".join(commands))

    def _write(self, lines: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        safe = lines.encode(encoding, "backslashreplace").decode(encoding)
        with self._lock:
            self._stream.write(f"{safe}\n")
            self._stream.flush()
