"""Read a notebook file: whatever the file holds, the answer is a valid notebook or one sentence.

What comes back is nbformat 4.5 with text joined, unknown members dropped and cell ids that are unique and the same
in every build. What would be lost or misread (a duplicate key, half a file, NaN) is refused, never guessed at.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v3.rwbase import rejoin_lines as rejoin_lines_3
from nbformat.v4.rwbase import rejoin_lines

from amltasks.errors import UserError
from amltasks.notebooks.files import read_file
from amltasks.notebooks.strict_json import ContentError, kind_of, parse_json
from amltasks.quoting import quoted

MAX_BYTES = 256 * 1024 * 1024  # reading takes 3.3 times a notebook's size in memory, and 6 ms a megabyte

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CELL = {"id", "cell_type", "metadata", "source"}
_CELL_MEMBERS = {
    "code": {*_CELL, "outputs", "execution_count"},
    "markdown": {*_CELL, "attachments"},
    "raw": {*_CELL, "attachments"},
}
_OUTPUT_MEMBERS = {
    "stream": {"output_type", "name", "text"},
    "display_data": {"output_type", "data", "metadata"},
    "execute_result": {"output_type", "data", "metadata", "execution_count"},
    "error": {"output_type", "ename", "evalue", "traceback"},
}
_SCHEMA_TYPES = {"object": "an object", "array": "a list", "string": "text", "integer": "a whole number"}


def read_notebook(path: Path, root: Path | None = None) -> nbformat.NotebookNode:
    """The notebook in `path`. Never blocks, never runs anything.

    root: a folder that the file must not lie outside of, links followed.
    Raises UserError with one sentence: what is wrong, where, what to do.
    """
    content = read_file(path, MAX_BYTES, root)
    try:
        notebook = nbformat.from_dict(_current_version(parse_json(content)))
        _normalise_cells(notebook)
        _check_schema(notebook)
    except ContentError as wrong:
        raise UserError(f"{quoted(path.name)} {wrong}") from None
    rejoin_lines(notebook)
    return notebook


def _current_version(document: Any) -> dict[str, Any]:
    """The document as nbformat 4.5, not yet checked."""
    if not isinstance(document, dict):
        raise ContentError(f"is not a notebook: it holds {kind_of(document)}, not an object with cells.")
    major = document.get("nbformat")
    if "nbformat" not in document:
        raise ContentError("is not a notebook: it has no nbformat.")
    if not isinstance(major, int) or isinstance(major, bool):
        raise ContentError(f"has {kind_of(major)} as nbformat instead of the number 4.")
    if major == 3:
        return _upgraded_from_3(document)
    if major != 4:
        what_next = "open it in Jupyter and save it again" if major in (1, 2) else "only 3 and 4 are known"
        raise ContentError(f"is written in notebook format {quoted(major)}: {what_next}.")
    minor = document.get("nbformat_minor")
    if not isinstance(minor, int) or isinstance(minor, bool) or minor < 0:
        said = f"{kind_of(minor)} as" if "nbformat_minor" in document else "no"
        raise ContentError(f"has {said} nbformat_minor: open it in Jupyter and save it again.")
    if not isinstance(document.get("cells"), list):
        raise ContentError(f"is not a notebook: {'cells is not a list' if 'cells' in document else 'it has no cells'}.")
    for index, cell in enumerate(document["cells"]):
        _check_cell(index, cell, from_later_version=minor > nbformat.v4.nbformat_minor)
    return {
        "nbformat": 4,
        "nbformat_minor": nbformat.v4.nbformat_minor,
        "metadata": document.get("metadata", {}),
        "cells": document["cells"],
    }


def _upgraded_from_3(document: dict[str, Any]) -> dict[str, Any]:
    notebook: dict[str, Any] = nbformat.from_dict(document)
    try:
        nbformat.validate(notebook, version=3, version_minor=0)
        rejoin_lines_3(notebook)
        nbformat.v4.upgrade(notebook, from_version=3)
    except nbformat.ValidationError as error:
        raise ContentError(_schema_fault(error)) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ContentError(f"is written in notebook format 3 and cannot be upgraded: {quoted(error)}.") from None
    for cell in notebook["cells"]:
        del cell["id"]  # the upgrade draws them at random
    return notebook


def _check_cell(index: int, cell: Any, *, from_later_version: bool) -> None:
    if not isinstance(cell, dict):
        raise ContentError(f"is not a valid notebook: cells[{index}] is {kind_of(cell)}, not a cell.")
    kind = cell.get("cell_type")
    if not isinstance(kind, str) or kind not in _CELL_MEMBERS:
        if not from_later_version:
            raise ContentError(
                f"is not a valid notebook: cells[{index}].cell_type is {quoted(kind)}, not code, markdown or raw."
            )
        # A raw cell keeps the place, so that the indices of the cells after it stay.
        cell["cell_type"], cell["source"] = "raw", cell.get("source", "")
    if from_later_version and isinstance(cell.get("outputs"), list):
        cell["outputs"] = [output for output in cell["outputs"] if _is_known(output)]


def _is_known(output: Any) -> bool:
    return not isinstance(output, dict) or str(output.get("output_type")) in _OUTPUT_MEMBERS


def _normalise_cells(notebook: nbformat.NotebookNode) -> None:
    """Drop what version 4.5 does not know and repair what is harmless: ids, an unnamed kernel, papermill's notes."""
    cells = notebook.cells
    _normalise_metadata(notebook.metadata)
    for cell in cells:
        _keep(cell, _CELL_MEMBERS[cell.cell_type])
        if isinstance(cell.get("metadata"), dict) and not isinstance(cell.metadata.get("papermill", {}), dict):
            del cell.metadata["papermill"]
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            if isinstance(output, dict):
                _keep(output, _OUTPUT_MEMBERS.get(str(output.get("output_type")), set(output)))
    taken = {cell.id for cell in cells if _is_cell_id(cell.get("id"))}
    seen: set[str] = set()
    for cell in cells:
        if not _is_cell_id(cell.get("id")) or cell.id in seen:
            cell["id"] = next(name for name in _stable_ids(cell) if name not in taken)
            taken.add(cell.id)
        seen.add(cell.id)


def _normalise_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        return  # the schema's answer is the better one
    if "papermill" in metadata and not isinstance(metadata["papermill"], dict):
        del metadata["papermill"]
    for member in ("kernelspec", "language_info"):
        value = metadata.get(member, {})
        if value is None or (isinstance(value, dict) and not value.get("name")):
            metadata.pop(member, None)  # a kernel without a name says nothing
    kernel = metadata.get("kernelspec")
    if isinstance(kernel, dict):
        kernel.setdefault("display_name", str(kernel["name"]))


def _keep(members: dict[str, Any], known: set[str]) -> None:
    for name in members.keys() - known:
        del members[name]


def _is_cell_id(value: Any) -> bool:
    return isinstance(value, str) and _CELL_ID.fullmatch(value) is not None


def _stable_ids(cell: dict[str, Any]) -> Iterator[str]:
    """Ids from the cell's content, then from content and count: the same in every build, whatever cells are around."""
    content = json.dumps([cell["cell_type"], cell.get("source")], sort_keys=True)
    count = 0
    while True:
        yield hashlib.sha256(f"{count} {content}".encode()).hexdigest()[:12]
        count += 1


def _check_schema(notebook: nbformat.NotebookNode) -> None:
    try:
        nbformat.validate(notebook, version=4, version_minor=nbformat.v4.nbformat_minor)
    except nbformat.ValidationError as error:
        raise ContentError(_schema_fault(error)) from None


def _schema_fault(error: Any) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.relative_path).lstrip(".")
    if error.validator == "type" and error.validator_value in _SCHEMA_TYPES:
        said = f"is {kind_of(error.instance)} instead of {_SCHEMA_TYPES[error.validator_value]}"
    elif error.validator == "oneOf" and not isinstance(error.instance, dict):
        said = f"is {kind_of(error.instance)} instead of text or a list of lines"
    elif error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        said = f"has no {' and no '.join(missing)}"
    else:
        said = f"is not as the notebook format wants it ({quoted(error.message)})"
    return f"is not a valid notebook: {quoted(place, 120) if place else 'it'} {said}."
