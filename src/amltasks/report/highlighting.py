"""Source code and terminal text as HTML that only carries classes."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import Markup, escape
from nbconvert.filters.ansi import ansi2html
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

LONGEST = 100_000  # characters that are coloured; more is shown plain

# Languages of kernels and of fenced code: a notebook's word chooses among these, never among all lexers there are.
_LANGUAGES = """
    bash c c++ cpp csharp css diff docker fsharp go haskell html ini java javascript json julia kotlin latex lua
    makefile matlab octave perl php powershell python python3 r ruby rust scala sh shell sql swift toml
    typescript xml yaml
"""
LANGUAGES = frozenset(_LANGUAGES.split())

_COLOURS = re.compile(r"\x1b\[[0-9;]{0,40}m")
_OTHER_ESCAPES = re.compile(
    r"\x1b\[(?![0-9;]{0,40}m)[0-?]*[ -/]*[@-~]?|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"
    r"|\x1b(?!\[)[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\ud800-\udfff]")


def source_html(source: str, language: str, marked_line: int | None = None) -> Markup:
    """Code in Pygments' classes; `marked_line` (1-based) gets the class `hll`."""
    if language.lower() not in LANGUAGES or len(source) > LONGEST:
        return Markup('<pre class="code">{}</pre>').format(source)
    coloured = highlight(source, _lexer(language.lower()), _formatter(marked_line))
    return Markup('<pre class="code">{}</pre>').format(Markup(coloured))


def terminal_html(text: str) -> Markup:
    """What a terminal shows of the text: its colours as classes, carriage returns obeyed, other escapes taken out."""
    text = _CONTROLS.sub("", _OTHER_ESCAPES.sub("", text))
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return Markup(ansi2html(text)) if _COLOURS.search(text) else escape(text)


@lru_cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False)


@lru_cache(16)
def _formatter(marked_line: int | None) -> HtmlFormatter[str]:
    return HtmlFormatter(nowrap=True, hl_lines=[marked_line] if marked_line else [])
