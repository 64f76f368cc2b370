"""Long terminal text of which the beginning and the end are seen, and the middle where it is asked for."""

from __future__ import annotations

from markupsafe import Markup

from amltasks.report.highlighting import terminal_html

LINES = 40  # longer texts are folded
TRACEBACK_LINES = 100
HEAD = 12  # lines that stay in view
TAIL = 12


def folded(text: str, kind: str) -> Markup:
    """Harmless HTML; kind is the text's CSS class."""
    lines = text.split("\n")
    if text.count("\n") <= (TRACEBACK_LINES if kind == "traceback" else LINES):
        return _pre(kind, text)
    tail = TAIL + text.endswith("\n")
    head, middle, end = (_pre(kind, "\n".join(part)) for part in (lines[:HEAD], lines[HEAD:-tail], lines[-tail:]))
    more = f"{len(lines) - HEAD - tail:,} more lines of {kind}"
    fold = Markup("<details><summary>{}</summary>{}</details>").format(more, middle)
    return Markup('<div class="folded">{}{}{}</div>').format(head, fold, end)


def _pre(kind: str, text: str) -> Markup:
    return Markup('<pre class="text {}">{}</pre>').format(kind, terminal_html(text))
