"""Every exchange, as it went over the wire."""

from __future__ import annotations

import json
import threading
from collections import deque
from pathlib import Path
from typing import Any, Literal, TextIO

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Provider = Literal["azure-devops", "azure"]
KEPT_BYTES = 256 * 2**20  # of bodies in memory, the latest; a file holds all


class Exchange(BaseModel):
    """One request and its answer. Bodies that are not JSON are null; status 0: the connection was reset.

    time: seconds since the epoch; duration: seconds; size: bytes of both bodies; published: whether Microsoft's
    documents have the operation; fault: what was done to it on purpose. Headers are without Authorization, addresses
    without their signature, bodies without their secrets.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    provider: Provider = "azure-devops"
    method: str
    url: str
    request_body: Any = None
    status: int
    response_body: Any = None
    api_version: str | None = None
    time: float
    duration: float
    size: int
    request_headers: dict[str, str] = {}
    response_headers: dict[str, str] = {}
    published: bool = True
    fault: str = ""


class Journal:
    """Keeps the latest exchanges in memory and, once told where, all of them in three files."""

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque()
        self._bytes = 0
        self._path: Path | None = None
        self._files: dict[str, TextIO] = {}
        self._lock = threading.Lock()

    @property
    def exchanges(self) -> list[Exchange]:
        with self._lock:
            return list(self._exchanges)

    def add(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges.append(exchange)
            self._bytes += exchange.size
            while self._bytes > KEPT_BYTES and len(self._exchanges) > 1:
                self._bytes -= self._exchanges.popleft().size
            self._write(exchange)

    def to(self, path: Path) -> None:
        """Write what is kept and all that follows to `path`; Azure's and what is in no published document beside it.

        The other files are `<stem>.azure.jsonl`, made when it is needed, and `<stem>.unpublished.jsonl`.
        """
        with self._lock:
            self._close()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._path = path
            for kind in ("", ".unpublished"):
                self._file(kind)
            for exchange in self._exchanges:
                self._write(exchange)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _write(self, exchange: Exchange) -> None:
        if self._path is not None:
            kind = ".azure" if exchange.provider == "azure" else "" if exchange.published else ".unpublished"
            file = self._file(kind)
            file.write(json.dumps(exchange.model_dump(by_alias=True, mode="json"), ensure_ascii=False) + "\n")
            file.flush()

    def _file(self, kind: str) -> TextIO:
        if kind not in self._files:
            assert self._path is not None
            path = self._path.with_name(f"{self._path.stem}{kind}{self._path.suffix if not kind else '.jsonl'}")
            self._files[kind] = path.open("w", encoding="utf-8")
        return self._files[kind]

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files, self._path = {}, None
