"""What passes between a command and a worker process, one notebook at a time: JSON lines on its stdin and stdout.

To the worker: an `Assignment`, then at most one `StopOrder`; the end of the file says that the command is gone.
From the worker: `Told` and at last `Ended`, each line marked with a nonce that the notebook does not know. Whatever
else arrives was written by the notebook, past its kernel, and is text. A worker that says so takes another assignment.
"""

from __future__ import annotations

import json
from typing import Literal

from pydantic import ValidationError

from amltasks.data import Data
from amltasks.platforms.base import NotebookRun, RunEvent
from amltasks.report.model import NotebookResult

LONGEST_LINE = 256 << 20  # bytes: more than any message of ours


class WarmKernels(Data):
    """Where kernels of one interpreter can be forked: the address of its zygote, see `amltasks.kernels`."""

    interpreter: str
    address: str


class Assignment(Data):
    """nonce: marks the worker's lines. marker: goes into the kernel's environment, to find what it leaves behind.

    warm_kernels: None where kernels start directly.
    """

    run: NotebookRun
    nonce: str
    marker: str
    warm_kernels: WarmKernels | None = None


class StopOrder(Data):
    stop: Literal["cancelled", "runTimeout"]


class Told(Data):
    event: RunEvent


class Ended(Data):
    """again: whether the worker takes another assignment; else it ends."""

    result: NotebookResult
    again: bool = False


def line(nonce: str, message: Told | Ended) -> bytes:
    """A message as the worker writes it. Begins a line of its own whatever was written before."""
    return b"\n\x1e" + nonce.encode() + b" " + message.model_dump_json(by_alias=True).encode() + b"\n"


class Decoder:
    """Takes a worker's stdout apart, in pieces as they come."""

    def __init__(self, nonce: str) -> None:
        self._mark = b"\x1e" + nonce.encode() + b" "
        self._pending: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Told | Ended | str]:
        """The messages, and as plain text the lines that are none."""
        first, *rest = data.split(b"\n")
        self._keep(first)
        if not rest:
            return []
        lines = [b"".join(self._pending), *rest[:-1]]
        self._pending, self._size = [], 0
        self._keep(rest[-1])
        return [found for text in lines if text and (found := self._decoded(text))]

    def _keep(self, piece: bytes) -> None:
        if self._size < LONGEST_LINE:
            self._pending.append(piece)
            self._size += len(piece)

    def _decoded(self, text: bytes) -> Told | Ended | str:
        if text.startswith(self._mark):
            try:
                content = json.loads(text[len(self._mark) :])
                return Ended.model_validate(content) if "result" in content else Told.model_validate(content)
            except (ValueError, ValidationError):  # the notebook wrote into the middle of our line
                return "(a line from the worker that was disturbed)"
        return text.decode("utf-8", "replace")
