"""A notebook's JSON as Jupyter writes it, in pieces: indented, texts in lines, keys in order.

Byte for byte what `nbformat.write` makes, but cell by cell, and without a copy of the texts: of a long one only a block
is in memory twice. NaN and infinities, which are not JSON, become null.
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring
from typing import Any

from nbformat import NotebookNode
from nbformat.v4.rwbase import split_lines, strip_transient

_MARK = f"long text {secrets.token_hex(16)}"  # stands for a text that is written in blocks
_MARKED = json.dumps(_MARK)
_NO_CELLS = '"cells": []'
_CELLS = " " * 2
_LINES = ",\n" + " " * 6  # between the lines of an output's text


def notebook_json(notebook: NotebookNode) -> Iterator[bytes]:
    """The whole file. A text may be given as blocks of whole lines, in a list."""
    frame = NotebookNode({**notebook, "cells": [], "metadata": NotebookNode(notebook.metadata)})
    before, after = _dumped(strip_transient(frame)).split(_NO_CELLS, 1)
    if not notebook.cells:
        yield _encoded(f"{before}{_NO_CELLS}{after}\n")
        return
    yield _encoded(f"{before}{_NO_CELLS[:-1]}\n")
    for number, cell in enumerate(notebook.cells):
        yield b",\n" if number else b""
        yield from cell_json(cell)
    yield _encoded(f"\n ]{after}\n")


def cell_json(cell: NotebookNode) -> Iterator[bytes]:
    """One cell as it stands in the file, without the comma behind it; every line of it begins with two spaces."""
    blocks: list[list[str]] = []
    frame = NotebookNode({**cell, "metadata": NotebookNode(cell.metadata)})
    if "attachments" in cell:
        frame["attachments"] = {name: NotebookNode(bundle) for name, bundle in cell["attachments"].items()}
    if "outputs" in cell:
        frame["outputs"] = [_shallow(output, blocks) for output in cell["outputs"]]
    notebook = NotebookNode(cells=[frame], metadata=NotebookNode())
    text = _dumped(strip_transient(split_lines(notebook)).cells[0])
    first, *rest = (_CELLS + text.replace("\n", f"\n{_CELLS}")).split(_MARKED)
    yield _encoded(first)
    for text_blocks, following in zip(blocks, rest, strict=True):
        yield from _lines(text_blocks)
        yield _encoded(following)


def _shallow(output: NotebookNode, blocks: list[list[str]]) -> NotebookNode:
    """A copy to be split in lines; a stream's text, where it is in blocks, is moved there."""
    if output.get("output_type") == "stream" and isinstance(output["text"], list):
        text = list(filter(None, output["text"]))
        blocks += [text] if text else []
        return NotebookNode({**output, "text": [_MARK] if text else []})
    if isinstance(output.get("data"), dict):
        return NotebookNode({**output, "data": NotebookNode(output["data"])})
    return NotebookNode(output)


def _lines(blocks: Iterable[str]) -> Iterator[bytes]:
    for number, block in enumerate(blocks):
        lines = _LINES.join(map(encode_basestring, block.splitlines(keepends=True)))
        yield _encoded((_LINES if number else "") + lines)


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True)
    except ValueError:
        return json.dumps(_without_nan(value), ensure_ascii=False, indent=1, sort_keys=True)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes its JSON escape again
