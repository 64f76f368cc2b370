"""Foreign text in Markdown: on one line with nothing in it that means something, or in a block that it cannot end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from amltasks.agent.neutral import neutralise

CODE_LINES = 40
CODE_CHARACTERS = 3_000

# Enough for text that never begins a line: markup, mentions, work items, and addresses that would become links.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)


def fenced(text: str, language: str, *, from_end: bool) -> Iterator[str]:
    """A code block that its text cannot end."""
    text = neutralise(text).strip("\n")
    lines = text.splitlines()
    if len(lines) > CODE_LINES:
        lines = ["…", *lines[-CODE_LINES:]] if from_end else [*lines[:CODE_LINES], "…"]
    body = "\n".join(lines)
    if len(body) > CODE_CHARACTERS:
        body = f"…{body[-CODE_CHARACTERS:]}" if from_end else f"{body[:CODE_CHARACTERS]}…"
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", body))])
    yield f"{fence}{language}"
    yield body
    yield fence
    yield ""


def escaped(text: str, limit: int = 300) -> str:
    """Text on one line with every character that means something in Markdown or HTML made plain."""
    line = " ".join(neutralise(text[: limit * 20]).split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return _SPECIAL.sub(r"\\\1", line).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
