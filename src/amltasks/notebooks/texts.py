"""The text of one stream output while it grows: carriage returns applied, and never copied as a whole."""

from __future__ import annotations

from amltasks.notebooks.tracebacks import collapse_lines

BLOCK = 1 << 18  # characters


class StreamText:
    """Collects chunks in linear time. What is long is kept in blocks of whole lines, about `block` characters each."""

    def __init__(self, text: str | list[str], block: int = BLOCK) -> None:
        self._block = block
        self._blocks: list[str] = []
        self._chunks: list[str] = []  # since the last block
        self._size, self._limit = 0, block
        for chunk in [text] if isinstance(text, str) else text:
            self.add(chunk)

    def add(self, chunk: str) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            self._compact()

    def settled(self) -> str | list[str]:
        """As a terminal shows it by now: a text, or its blocks if it is long. Chunks may follow."""
        self._chunks = [collapse_lines("".join(self._chunks))]
        return [*self._blocks, *self._chunks] if self._blocks else self._chunks[0]

    def _compact(self) -> None:
        # A progress bar rewrites one line for hours: what is invisible of it goes whenever it has doubled.
        lines, end, rest = "".join(self._chunks).rpartition("\n")
        if end:
            self._blocks.append(collapse_lines(lines + end))
        self._chunks = [collapse_lines(rest)]
        self._size = len(self._chunks[0])
        self._limit = max(self._block, 2 * self._size)
