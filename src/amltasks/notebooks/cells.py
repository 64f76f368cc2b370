"""Reading cells: which are executed, what they are called, how they are tagged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from nbformat import NotebookNode

TITLE_LENGTH = 100
INJECTED = "injected-parameters"

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^<>]{1,200}>|[*_`]{1,3}")
_BLANKS = re.compile(r"\s+")


def tags(cell: NotebookNode) -> tuple[str, ...]:
    """A cell's tags; none where the notebook holds something else in their place."""
    found = cell.get("metadata", {}).get("tags", ())
    return tuple(tag for tag in found if isinstance(tag, str)) if isinstance(found, (list, tuple)) else ()


def is_executed(cell: NotebookNode) -> bool:
    """Whether a run gives this cell to the kernel."""
    return cell.cell_type == "code" and bool(cell.source.strip()) and "skip-execution" not in tags(cell)


def numbered(notebook: NotebookNode) -> Iterator[tuple[int, int, NotebookNode]]:
    """(position, number, cell) of every cell that is executed; number counts from 1, as `In [1]` does."""
    executed = ((position, cell) for position, cell in enumerate(notebook.cells) if is_executed(cell))
    for number, (position, cell) in enumerate(executed, 1):
        yield position, number, cell


def titles(notebook: NotebookNode) -> dict[int, str]:
    """position → title of every code cell: the nearest heading above it and its first line, at most 100 characters."""
    found: dict[int, str] = {}
    heading = ""
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            headings = _HEADING.findall(cell.source[:20_000])
            heading = one_line(_MARKUP.sub(r"\1", headings[-1]), 48) if headings else heading
        elif cell.cell_type == "code":
            found[position] = _title(heading, cell)
    return found


def _title(heading: str, cell: NotebookNode) -> str:
    if INJECTED in tags(cell):
        return "Parameters"
    lines = (line.strip() for line in cell.source[:20_000].splitlines())
    code = one_line(next((line for line in lines if line and not line.startswith("#")), ""), TITLE_LENGTH)
    if not code:
        return heading or one_line(cell.source[:200], TITLE_LENGTH) or "(empty)"
    return one_line(f"{heading}: {code}", TITLE_LENGTH) if heading else code


def one_line(text: str, length: int) -> str:
    """Text for people on one line of at most `length` characters: no control or direction characters, blanks joined."""
    text = _BLANKS.sub(" ", text[: 20 * length])
    text = "".join(char for char in text if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}).strip()
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
