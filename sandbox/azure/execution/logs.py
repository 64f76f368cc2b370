"""Logs of a run: blobs that grow, as their writers go on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.azure.history.state import CONTAINER, Run

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

JOB_LOG = "user_logs/std_log.txt"
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
SYSTEM_LOG = "system_logs/lifecycler/lifecycler.log"
_BLOCK_BYTES = 4 * 2**20  # that one append may have


class Log:
    """One of a run's logs; made when the first text comes."""

    def __init__(self, cloud: Cloud, account: str, run: Run, name: str) -> None:
        self._cloud = cloud
        self._account = account
        self._run = run
        self._name = name
        self._made = False
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        blob = f"{self._run.folder}/{self._name}"
        storage = self._cloud.storage
        with self._lock:
            if not self._made:
                storage.create_append(self._account, CONTAINER, blob)
            for begin in range(0, len(data), _BLOCK_BYTES):
                storage.append(self._account, CONTAINER, blob, data[begin : begin + _BLOCK_BYTES])
            if not self._made:
                self._cloud.runs.add_log(self._run, self._name)
                self._made = True

    def line(self, text: str) -> None:
        self.write(f"{text}\n".encode())


class Tail:
    """Takes a growing file into a log, from a thread of its own, until it is closed: `with Tail(...):`."""

    def __init__(self, file: Path, log: Log, every: float) -> None:
        self._file = file
        self._log = log
        self._every = every
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="sandbox-log", daemon=True)

    def __enter__(self) -> Tail:
        self._log.write(b"")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def _follow(self) -> None:
        with self._file.open("rb") as file:
            while not self._closed.wait(self._every):
                self._take(file.read())
            self._take(file.read())

    def _take(self, data: bytes) -> None:
        if data:
            self._log.write(data)
