"""Text of others made fit for a page: Markdown summaries and logs with their groups."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markupsafe import Markup

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_TIME = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) ?")
_TAG = re.compile(r"##\[(?P<kind>group|endgroup|section|command|warning|error|debug)\]")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@dataclass
class LogLine:
    """kind: section, command, warning, error, debug, or empty; a group has the lines inside it."""

    number: int
    time: str
    kind: str
    text: str
    inside: list[LogLine] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        return any(line.kind == "error" or line.has_errors for line in self.inside)


def markdown(text: str) -> Markup:
    """CommonMark with tables; HTML in it is shown as text."""
    return Markup(_MARKDOWN.render(text))


def log_lines(lines: Iterable[str]) -> list[LogLine]:
    """The lines of a log, those of a group inside its first line. A group that is never ended ends with the log."""
    top: list[LogLine] = []
    place, open_groups = top, [top]
    for number, raw in enumerate(lines, 1):
        text = _ANSI.sub("", raw)
        stamp = _TIME.match(text)
        text = text[stamp.end() :] if stamp else text
        tag = _TAG.match(text)
        kind = tag["kind"] if tag else ""
        if kind == "endgroup":
            if len(open_groups) > 1:
                open_groups.pop()
                place = open_groups[-1]
            continue
        line = LogLine(number, stamp["time"][11:19] if stamp else "", kind, text[tag.end() :] if tag else text)
        place.append(line)
        if kind == "group":
            place = line.inside
            open_groups.append(place)
    return top
