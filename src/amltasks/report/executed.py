"""Reading an executed notebook as it lies on disk: nbformat 4, with texts as lines or whole, and perhaps not valid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_CELL_LINE = re.compile(r"(?:Cell In|Input In ?)\[\d+\], (?:line |in <cell line: )(\d+)")
_BARE_REPR = re.compile(r"<[\w.]+( object)?( at 0x[0-9a-f]+)?>")


def cells_of(notebook: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    cells = notebook.get("cells", [])
    return [cell for cell in cells if isinstance(cell, Mapping)] if isinstance(cells, list) else []


def source_of(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def outputs_of(cell: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = cell.get("outputs", [])
    return [output for output in found if isinstance(output, Mapping)] if isinstance(found, list) else []


def number_of(cell: Mapping[str, Any]) -> str:
    """`[3]`, or empty where it was not executed."""
    count = cell.get("execution_count")
    return f"[{count}]" if isinstance(count, int) else ""


def language_of(notebook: Mapping[str, Any]) -> str:
    language, kernel = _described(notebook)
    return str(language.get("name") or kernel.get("language") or "python")


def environment_of(notebook: Mapping[str, Any]) -> str:
    """`python 3.11.2, kernel python3`, as far as it is known."""
    language, kernel = _described(notebook)
    name, version = str(language.get("name", ""))[:80], str(language.get("version", ""))[:80]
    kernel_name = str(kernel.get("name", ""))[:80]
    parts = (f"{name} {version}".strip(), f"kernel {kernel_name}" if kernel_name else "")
    return ", ".join(part for part in parts if part)


def merged(outputs: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Outputs with the pieces of a stream put together, and lines given as lists joined."""
    name, pieces = "", list[str]()
    for output in outputs:
        if output.get("output_type") == "stream":
            if pieces and output.get("name") != name:
                yield {"output_type": "stream", "name": name, "text": "".join(pieces)}
                pieces = []
            name = str(output.get("name"))
            pieces.append(str(_joined(output.get("text", ""))))
            continue
        if pieces:
            yield {"output_type": "stream", "name": name, "text": "".join(pieces)}
            pieces = []
        data = output.get("data")
        if isinstance(data, Mapping):
            joined = {mime: content if "json" in str(mime) else _joined(content) for mime, content in data.items()}
            output = {**output, "data": joined}
        yield output
    if pieces:
        yield {"output_type": "stream", "name": name, "text": "".join(pieces)}


def is_stand_in(text: str, data: Mapping[str, Any]) -> bool:
    """Whether the text is only `<Figure size …>` or `<IPython.core.display.Javascript object>` beside another form."""
    return len(data) > 1 and bool(_BARE_REPR.fullmatch(text.strip()[:200]))


def line_in_cell(traceback: str) -> int | None:
    """The 1-based line of the cell that raised, where its traceback says so."""
    found = _CELL_LINE.search(traceback)
    return int(found[1]) if found else None


def _joined(content: Any) -> Any:
    is_lines = isinstance(content, list) and content and all(isinstance(line, str) for line in content)
    return "".join(content) if is_lines else content


def _described(notebook: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the notebook says of its language and of its kernel."""
    metadata = notebook.get("metadata") or {}
    return metadata.get("language_info") or {}, metadata.get("kernelspec") or {}
