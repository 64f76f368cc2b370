"""A real HTTP server whose answers a test writes: what a scoring service may do well and badly."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "k3y-of-the-endpoint"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int


@dataclass
class Reply:
    """drop: cut the connection before an answer, or in the middle of it. pause: after each byte, seconds."""

    body: bytes = b'{"result": [1.5, 2.5]}'
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    drop: str = ""
    pause: float = 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked has gone: that is what some tests are about."""


class Answering:
    """Answers by `reply`, which is given each request with its number, from 0 on."""

    def __init__(self, reply: Callable[[int, Asked], Reply]) -> None:
        self.asked: list[Asked] = []
        answering, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet for each answer

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, dict(self.headers.items()), body, self.client_address[1])
                with lock:
                    number = len(answering.asked)
                    answering.asked.append(asked)
                self.send(reply(number, asked))

            def send(self, given: Reply) -> None:
                if given.drop == "before":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(given.status)
                for name, value in given.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(given.body) + (10 if given.drop else 0)))
                self.end_headers()
                for part in [given.body] if not given.pause else [bytes([byte]) for byte in given.body]:
                    self.wfile.write(part)
                    if given.pause:
                        self.wfile.flush()
                        time.sleep(given.pause)
                self.close_connection = bool(given.drop)

            do_GET = do_POST = answer  # noqa: N815  so it is called by name

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/api/v1/service/diabetes/score"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port
