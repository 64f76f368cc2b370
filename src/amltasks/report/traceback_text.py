"""A long traceback made short: the lines of the cell that failed and the error are what a person needs first."""

from __future__ import annotations

import re

_CHAIN = re.compile(r"^(?:The above exception was the direct cause|During handling of the above exception)[^\n]*", re.M)
_OF_THE_NOTEBOOK = re.compile(r"^(?:Cell|Input) In ?\[", re.M)
_GAP = "…"


def condensed(traceback: str, longest: int) -> str:
    """At most `longest` characters: the error, the notebook's own frames, then the frames nearest to the error.

    Of several chained errors the last one is kept. Frames are the blocks between blank lines, as IPython writes them.
    """
    text = traceback.strip("\n")
    if len(text) <= longest:
        return text
    last_error = _CHAIN.split(text)[-1]
    blocks = [block for block in re.split(r"\n\s*\n", last_error.strip("\n")) if block.strip()]
    wanted = [len(blocks) - 1] if blocks else []
    wanted += [number for number, block in enumerate(blocks) if _OF_THE_NOTEBOOK.search(block)]
    wanted += reversed(range(len(blocks) - 1))
    kept: set[int] = set()
    for number in dict.fromkeys(wanted):
        if len(_joined(blocks, kept | {number})) <= longest:
            kept.add(number)
    return _joined(blocks, kept) if kept else f"{_GAP}{text[len(text) - longest + len(_GAP) :]}"


def _joined(blocks: list[str], kept: set[int]) -> str:
    parts: list[str] = []
    before = -1
    for number in sorted(kept):
        if number != before + 1:
            parts.append(_GAP)
        parts.append(blocks[number])
        before = number
    return "\n\n".join(parts)
