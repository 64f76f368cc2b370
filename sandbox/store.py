"""Where the sandbox keeps its state: documents and content streams in one SQLite database, on disk or in memory."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    kind TEXT, owner TEXT, key TEXT, position INTEGER, body TEXT, PRIMARY KEY (kind, owner, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_order ON document (kind, owner, position);
CREATE TABLE IF NOT EXISTS content (stream TEXT, part INTEGER, data BLOB, PRIMARY KEY (stream, part));
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER);
"""


class Document(BaseModel):
    """The base of what a table keeps: immutable, changed by `model_copy(update=…)` and put back."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Store:
    """One database, used by many threads: every state change happens inside `changing()`, one at a time."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self._depth = 0
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All that happens inside is seen by others at once, or not at all if it raises. May be nested."""
        with self._lock:
            if self._depth == 0:
                self._database.execute("BEGIN")
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._database.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._database.execute("COMMIT")
            finally:
                self._depth -= 1

    def execute(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    def count(self, name: str, start: int = 1) -> int:
        """The next number of a named sequence that begins at `start`."""
        with self.changing():
            rows = self.execute("SELECT value FROM counter WHERE name = ?", name)
            value = int(str(rows[0][0])) + 1 if rows else start
            self.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", name, value)
            return value

    def append(self, stream: str, data: bytes) -> None:
        """Add bytes to the end of a content stream."""
        with self.changing():
            part = self.execute("SELECT COALESCE(MAX(part), 0) + 1 FROM content WHERE stream = ?", stream)[0][0]
            self.execute("INSERT INTO content VALUES (?, ?, ?)", stream, part, data)

    def write(self, stream: str, data: bytes) -> None:
        """Let a content stream hold exactly these bytes."""
        with self.changing():
            self.execute("DELETE FROM content WHERE stream = ?", stream)
            self.execute("INSERT INTO content VALUES (?, 1, ?)", stream, data)

    def read(self, stream: str) -> bytes:
        """A content stream from its beginning; empty where nothing was ever written."""
        rows = self.execute("SELECT data FROM content WHERE stream = ? ORDER BY part", stream)
        return b"".join(data for (data,) in rows if isinstance(data, bytes))

    def erase(self, prefix: str) -> None:
        """Remove every content stream whose name begins with `prefix`."""
        with self.changing():
            self.execute("DELETE FROM content WHERE substr(stream, 1, ?) = ?", len(prefix), prefix)


Model = TypeVar("Model", bound=BaseModel)


class Table(Generic[Model]):
    """Documents of one kind, each under an owner (a build, a test run, …) and a key, listed in order of arrival."""

    def __init__(self, store: Store, kind: str, model: type[Model]) -> None:
        self._store, self._kind, self._model = store, kind, model

    def put(self, owner: object, key: object, document: Model) -> None:
        identity = (self._kind, str(owner), str(key))
        with self._store.changing():
            [(position,)] = self._store.execute(
                "SELECT COALESCE(MAX(position), 0) + 1 FROM document WHERE kind = ? AND owner = ?", *identity[:2]
            )
            self._store.execute(
                "INSERT INTO document VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (kind, owner, key) DO UPDATE SET body = excluded.body",
                *identity,
                position,
                document.model_dump_json(by_alias=True),
            )

    def get(self, owner: object, key: object) -> Model | None:
        rows = self._store.execute(
            "SELECT body FROM document WHERE kind = ? AND owner = ? AND key = ?", self._kind, str(owner), str(key)
        )
        return self._model.model_validate_json(str(rows[0][0])) if rows else None

    def all(self, owner: object) -> list[Model]:
        rows = self._store.execute(
            "SELECT body FROM document WHERE kind = ? AND owner = ? ORDER BY position", self._kind, str(owner)
        )
        return [self._model.model_validate_json(str(body)) for (body,) in rows]

    def delete(self, owner: object, key: object | None = None) -> None:
        """Remove one document, or all of an owner."""
        with self._store.changing():
            if key is None:
                self._store.execute("DELETE FROM document WHERE kind = ? AND owner = ?", self._kind, str(owner))
            else:
                self._store.execute(
                    "DELETE FROM document WHERE kind = ? AND owner = ? AND key = ?", self._kind, str(owner), str(key)
                )
