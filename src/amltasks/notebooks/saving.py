"""What was executed is on disk at any moment: a journal of finished cells, and snapshots of the whole notebook.

Every finished cell is one JSON line in the journal; the notebook itself is replaced atomically at the start, at the end
and, while it runs, at most every five seconds and for at most a twentieth of the time. So the cost is linear in the
outputs, a killed process loses at most the cell in flight, and a reader never meets half a file. Durable against the
death of a process, not of the machine. All that is written has passed redaction.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from pydantic import ValidationError

from amltasks.notebooks.records import CellRecord
from amltasks.redaction import Redactor

EXECUTED = "executed.ipynb"
JOURNAL = "executed.journal"
SNAPSHOT_SECONDS = 5.0
SNAPSHOT_SHARE = 0.05


class NotebookSaver:
    """Saves one notebook while it is executed. Nothing here raises for a disk that refuses: `problem` says so.

    indices: for each position the cell's index in the notebook as it was given, None for an injected cell.
    """

    def __init__(self, notebook: NotebookNode, indices: Sequence[int | None], folder: Path, redactor: Redactor) -> None:
        self.problem = ""
        self._notebook = notebook
        self._folder = folder
        self._redactor = redactor
        self._began = self._saved = time.monotonic()
        self._spent = 0.0
        self._append({"indices": list(indices)})
        self._snapshot()

    def cell_done(self, record: CellRecord) -> None:
        """A cell is finished: it will not be lost from now on."""
        cell = copy.deepcopy(self._notebook.cells[record.position])
        self._redactor.notebook(NotebookNode(cells=[cell], metadata=NotebookNode()))
        self._append({"cell": cell, "record": self._redactor.value(record.model_dump(mode="json"))})
        self.tick()

    def tick(self) -> None:
        """Takes a snapshot if one is due; called often."""
        now = time.monotonic()
        if now - self._saved >= SNAPSHOT_SECONDS and self._spent <= SNAPSHOT_SHARE * (now - self._began):
            self._snapshot()

    def finish(self, redacted: NotebookNode) -> Path | None:
        """Writes the final notebook, which must be redacted already; None where it could not be written."""
        try:
            replace_file(self._folder / EXECUTED, readable(redacted))
            (self._folder / JOURNAL).unlink(missing_ok=True)
        except OSError as error:
            self._failed(error)
            return None
        self.problem = ""
        return self._folder / EXECUTED

    def _snapshot(self) -> None:
        start = time.monotonic()
        notebook = copy.deepcopy(self._notebook)
        self._redactor.notebook(notebook)
        try:
            replace_file(self._folder / EXECUTED, _compact(notebook))
        except OSError as error:
            self._failed(error)
        self._saved = time.monotonic()
        self._spent += self._saved - start

    def _append(self, entry: dict[str, Any]) -> None:
        try:
            with (self._folder / JOURNAL).open("ab") as journal:
                journal.write(_compact(entry) + b"\n")
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        self.problem = f"{EXECUTED} is not complete, because it could not be written: {error.strerror or error}."


@dataclass(frozen=True)
class Recovered:
    """What a worker that ended without a word had done."""

    notebook: NotebookNode
    indices: tuple[int | None, ...]
    records: tuple[CellRecord, ...]


def recover(folder: Path) -> Recovered | None:
    """Joins snapshot and journal, and writes the notebook they make. None where there is nothing to recover.

    A torn last line, the cell in flight, is left out. Raises OSError.
    """
    try:
        notebook = nbformat.from_dict(json.loads((folder / EXECUTED).read_bytes()))
        lines = (folder / JOURNAL).read_bytes().split(b"\n")[:-1]
        indices: Sequence[int | None] = json.loads(lines[0])["indices"]
        records: list[CellRecord] = []
        for line in lines[1:]:
            entry = json.loads(line)
            record = CellRecord.model_validate(entry["record"])
            notebook.cells[record.position] = nbformat.from_dict(entry["cell"])
            records.append(record)
    except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError, AttributeError, ValidationError):
        return None
    replace_file(folder / EXECUTED, readable(notebook))
    (folder / JOURNAL).unlink(missing_ok=True)
    return Recovered(notebook, tuple(indices), tuple(records))


def readable(notebook: NotebookNode) -> bytes:
    """The notebook as Jupyter writes it: indented, texts in lines, keys in order."""
    return _encoded(_finite_json(notebook, nbformat.v4.writes, split_lines=True) + "\n")


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file such that a reader sees either the old one or the new one. Raises OSError."""
    beside = path.with_name(f".{path.name}.part")
    try:
        write_new(beside, data)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def write_new(path: Path, data: bytes) -> None:
    """Writes a file in place of whatever has its name: a link that the notebook put there is not followed."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(data)


def _compact(value: Any) -> bytes:
    return _encoded(_finite_json(value, json.dumps, ensure_ascii=False))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes its JSON escape again


def _finite_json(value: Any, dumps: Callable[..., str], **options: Any) -> str:
    """The value as JSON, with null for NaN and infinities, which are not JSON."""
    try:
        return dumps(value, allow_nan=False, **options)
    except ValueError:
        return dumps(_without_nan(value), **options)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return NotebookNode({key: _without_nan(item) for key, item in value.items()})
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
