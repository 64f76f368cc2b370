"""What the agent sends to the service in the background while a run goes on: log lines and attached files.

As in the real agent a file is read some time after the command that named it, and one that has gone by then is lost
with no more than a line in the debug log. drain() is called before a step counts as completed; close() at the end of
the run.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from sandbox.devops.build.state import Builds

PERIOD = 0.2  # seconds between deliveries


@dataclass(frozen=True)
class _Line:
    record_id: str
    text: str


@dataclass(frozen=True)
class _File:
    record_id: str
    kind: str
    name: str
    path: Path
    lost: Callable[[str], None]


class Delivery:
    """The queue of one build and the thread that empties it."""

    def __init__(self, builds: Builds, build_id: int) -> None:
        self._builds = builds
        self._build_id = build_id
        self._queue: queue.SimpleQueue[_Line | _File] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="agent-delivery", daemon=True)
        self._thread.start()

    def line(self, record_id: str, text: str) -> None:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        self._queue.put(_Line(record_id, f"{now} {text}"))

    def file(self, record_id: str, kind: str, name: str, path: Path, lost: Callable[[str], None]) -> None:
        """Attach a file to a record; `lost` is told where it cannot be read any more."""
        self._queue.put(_File(record_id, kind, name, path, lost))

    def drain(self) -> None:
        """Deliver what has been queued so far."""
        with self._lock:
            items = []
            while not self._queue.empty():
                items.append(self._queue.get())
            lines: dict[str, list[str]] = {}
            for item in items:
                if isinstance(item, _Line):
                    lines.setdefault(item.record_id, []).append(item.text)
            for record_id, texts in lines.items():
                self._builds.log(self._build_id, record_id, texts)
            for item in items:
                if isinstance(item, _File):
                    self._attach(item)

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self.drain()

    def _attach(self, file: _File) -> None:
        try:
            content = file.path.read_bytes()
        except OSError as error:
            file.lost(f"Can't attach (type:{file.kind} name:{file.name}) file: {file.path}. {error.strerror}")
            return
        self._builds.attach(self._build_id, file.record_id, file.kind, file.name, content)

    def _run(self) -> None:
        while not self._closed.wait(PERIOD):
            self.drain()
