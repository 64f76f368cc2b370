"""Where a cell stands in its notebook's file, so that an error leads there."""

from __future__ import annotations

import re
from pathlib import Path

_LIMIT = 20_000_000  # bytes; a larger file is not read for this
_CELL = re.compile(rb'^\s*"cell_type"\s*:', re.MULTILINE)


def line_of_cell(path: Path, index: int) -> int | None:
    """The 1-based line of the cell with this 0-based index; None where the file is not laid out line by line."""
    try:
        if not path.is_file() or path.stat().st_size > _LIMIT:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    for number, match in enumerate(_CELL.finditer(content)):
        if number == index:
            return content.count(b"\n", 0, match.end()) + 1
    return None
