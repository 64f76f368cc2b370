"""What was executed is on disk at any moment: a journal of finished cells, and snapshots of the whole notebook.

Every finished cell is in the journal as it will stand in the notebook, with a line of JSON behind it; the notebook
itself is replaced atomically at the start, at the end and, while it runs, at most every five seconds and for at most a
twentieth of the time. So the cost is linear in the outputs, a killed process loses at most the cell in flight, and a
reader never meets half a file. Durable against the death of a process, not of the machine. All that is written has
passed redaction.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines
from pydantic import ValidationError

from amltasks.notebooks.encoding import cell_json, notebook_json
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
        self._append([_line({"indices": list(indices)})])
        self._snapshot()

    def cell_done(self, record: CellRecord) -> None:
        """A cell is finished: it will not be lost from now on. The record must be redacted already."""
        cell = self._notebook.cells[record.position]
        redacted = self._redactor.redacted(NotebookNode(cells=[cell], metadata=NotebookNode()))
        self._append(_journaled(redacted.cells[0], record))
        self.tick()

    def tick(self) -> None:
        """Takes a snapshot if one is due; called often."""
        now = time.monotonic()
        if now - self._saved >= SNAPSHOT_SECONDS and self._spent <= SNAPSHOT_SHARE * (now - self._began):
            self._snapshot()

    def finish(self, redacted: NotebookNode) -> Path | None:
        """Writes the final notebook, which must be redacted already; None where it could not be written."""
        try:
            replace_file(self._folder / EXECUTED, notebook_json(redacted))
            (self._folder / JOURNAL).unlink(missing_ok=True)
        except OSError as error:
            self._failed(error)
            return None
        self.problem = ""
        return self._folder / EXECUTED

    def _snapshot(self) -> None:
        start = time.monotonic()
        try:
            replace_file(self._folder / EXECUTED, notebook_json(self._redactor.redacted(self._notebook)))
        except OSError as error:
            self._failed(error)
        self._saved = time.monotonic()
        self._spent += self._saved - start

    def _append(self, pieces: Iterable[bytes]) -> None:
        try:
            with (self._folder / JOURNAL).open("ab") as journal:
                journal.writelines(pieces)
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
        first, *lines = (folder / JOURNAL).read_bytes().split(b"\n")[:-1]
        indices: Sequence[int | None] = json.loads(first)["indices"]
        records: list[CellRecord] = []
        cell: list[bytes] = []
        for line in lines:
            cell.append(line)
            if not line.startswith(b" "):
                record = CellRecord.model_validate(json.loads(cell.pop())["record"])
                notebook.cells[record.position] = nbformat.from_dict(json.loads(b"\n".join(cell)))
                records.append(record)
                cell.clear()
        rejoin_lines(notebook)
    except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError, AttributeError, ValidationError):
        return None
    replace_file(folder / EXECUTED, notebook_json(notebook))
    (folder / JOURNAL).unlink(missing_ok=True)
    return Recovered(notebook, tuple(indices), tuple(records))


def replace_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a file such that a reader sees either the old one or the new one. Raises OSError."""
    beside = path.with_name(f".{path.name}.part")
    try:
        write_new(beside, pieces)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def write_new(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a file in place of whatever has its name: a link that the notebook put there is not followed."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.writelines(pieces)


def _journaled(cell: NotebookNode, record: CellRecord) -> Iterator[bytes]:
    yield from cell_json(cell)
    yield b"\n" + _line({"record": record.model_dump(mode="json")})


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"
