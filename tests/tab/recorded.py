"""Runs of a pipeline as their attachments tell of them, for tests of what the tab shows."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from amltasks.report.model import ArtefactKind, CellOutcome, Outcome
from amltasks.report.tab_records import (
    INDEX,
    PROGRESS,
    TabContext,
    TabCounts,
    TabFailure,
    TabFile,
    TabIndex,
    TabResult,
    TabState,
)

MAIN = "refs/heads/main"
START = datetime(2026, 11, 21, 8, tzinfo=timezone.utc)
EXCERPT = "scaler = StandardScaler()\nX = scaler.fit_transform(train[FEATURES])\nmodel.fit(X, train['price'])"


def result(notebook: str, outcome: Outcome | None = Outcome.PASSED, **more: Any) -> TabResult:
    """One that has finished, unless it says otherwise; a failed one has failed in its fourth cell."""
    state = TabState.FINISHED if outcome else TabState.RUNNING
    failed = outcome in {Outcome.FAILED, Outcome.TIMED_OUT, Outcome.KERNEL_DIED}
    about: dict[str, Any] = {
        "run_id": f"{notebook}-{more.get('parameter_set', '')}".replace("/", "."),
        "title": notebook,
        "notebook": notebook,
        "outcome": outcome,
        "state": state,
        "ok": outcome is Outcome.PASSED,
        "started_at": START,
        "duration": 12.0 if outcome else 0.0,
        "cells": TabCounts(total=9, done=9 if outcome else 3),
        "failure": failure() if failed else None,
        **more,
    }
    return TabResult(**about)


def failure(**more: Any) -> TabFailure:
    about: dict[str, Any] = {
        "position": 3,
        "number": "[3]",
        "title": "Train the model",
        "outcome": CellOutcome.FAILED,
        "error_name": "KeyError",
        "error_value": "'price'",
        "excerpt": EXCERPT,
        "first_line": 4,
        "line": 6,
        "text": "File pandas/core/indexes/base.py:3812, in Index.get_loc(self, key)\n\nKeyError: 'price'",
        **more,
    }
    return TabFailure(**about)


@dataclass(frozen=True)
class Run:
    """As a page of tests takes it. indices: of its steps."""

    id: int
    indices: tuple[TabIndex, ...]
    branch: str = MAIN
    running: bool = False
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"20261121.{self.id}"

    def record(self) -> dict[str, Any]:
        files = {name_of(index): index.model_dump_json(by_alias=True).encode() for index in self.indices}
        return {
            "id": self.id,
            "name": self.name,
            "branch": self.branch,
            "running": self.running,
            "files": {name: base64.b64encode(data).decode() for name, data in {**files, **self.files}.items()},
        }


def index(results: Iterable[TabResult], *, finished: bool = True, **more: Any) -> TabIndex:
    """more: of the context, besides `problems`, `number` and `cancelled`."""
    own = {name: more.pop(name) for name in ("problems", "number", "cancelled") if name in more}
    own.setdefault("number", 1000 if finished else 1)  # the last state is the newest
    context = {"task": "RunNotebookOnAML", "stage": "Test", "job": "linux", "step": "notebooks", "branch": MAIN, **more}
    return TabIndex(
        context=TabContext(**context),
        title="Notebooks",
        started_at=START,
        finished_at=START + timedelta(minutes=2) if finished else None,
        results=tuple(results),
        **own,
    )


def name_of(index: TabIndex) -> str:
    where = index.context
    stem = f"{where.stage}~{where.job}~{where.attempt}~{where.step}"
    return stem + (INDEX if index.finished_at else f".{index.number}{PROGRESS}")


def recording(*runs: Run, default_branch: str = MAIN) -> dict[str, Any]:
    """The newest first: the page shows that one."""
    return {"defaultBranch": default_branch, "runs": [run.record() for run in runs]}


def thumbnail(attachment: str, name: str = "cell-005-1.png") -> TabFile:
    return TabFile(kind=ArtefactKind.IMAGE, name=name, attachment=attachment, size=100)


def png(width: int = 8, height: int = 6, *, said: tuple[int, int] | None = None) -> bytes:
    """A grey picture; said: the size that its head speaks of."""
    rows = b"".join(b"\0" + b"\x7f" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", *(said or (width, height)), 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
