"""The server on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from types import TracebackType

import uvicorn

from sandbox.application import Application
from sandbox.connection import Connection
from sandbox.world import World

START_SECONDS = 10


class Server:
    """Serves a world, as Azure DevOps' address and as the proxy to Azure.

    `with Server(world) as server:` or start() and stop(); port 0: any free one.
    """

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        self._port = port
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Listen; returns the base address, like `http://127.0.0.1:41234`. OSError where the port is taken."""
        # With its protocol named: without it asyncio leaves out TCP_NODELAY, and every answer waits 40 ms for an ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name != "nt":  # where it lets a second server take the port of the first
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", self._port))
        except OSError:
            self._socket.close()
            raise
        config = uvicorn.Config(
            Application(self.world),
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="sandbox-server", daemon=True
        )
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > end or not self._thread.is_alive():
                raise RuntimeError("The sandbox's server did not start.")
            time.sleep(0.005)
        self.world.address = self.base_url
        return self.base_url

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._server = self._thread = self._socket = None

    @property
    def base_url(self) -> str:
        if self._socket is None:
            raise RuntimeError("The sandbox's server is not started.")
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def collection_url(self) -> str:
        """What `System.CollectionUri` is in a pipeline."""
        return f"{self.base_url}/{self.world.organization}/"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
