"""A scoring server that an endpoint keeps up: started again when it dies, ended when its last request is answered.

The socket it listens on is the door's: while the server is started again, requests wait in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from amltasks.notebooks.exits import describe_exit
from amltasks.platforms.local.serving.failures import ends_over_and_over
from amltasks.platforms.local.serving.server import Server, command, variables
from amltasks.platforms.local.serving.trial import NotReadyError

_LOOK_SECONDS = 0.05
_PROBE_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_BACKLOG = 1024


class Scoring:
    """folder: of the server's own; `server.log` grows there. marker: by which its processes are found."""

    def __init__(self, server: Server, folder: Path, marker: str, client: AsyncHTTPClient) -> None:
        self._server = server
        self._folder = folder
        self._marker = marker
        self._client = client
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._was_ready = False
        self._stopping = asyncio.Event()
        self._ended = ""
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def timeout(self) -> float | None:
        return self._server.timeout

    def enter(self) -> None:
        """A request is under way; `leave` follows."""
        self._in_flight += 1
        self._idle.clear()

    def leave(self) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._idle.set()

    def resume(self) -> None:
        """Starts what was ready before its door died; requests wait for it."""
        self._was_ready = True
        self._keeping = asyncio.ensure_future(self._keep())

    async def start(self, within: float) -> None:
        """Returns when it answers. within: seconds. Raises NotReadyError; nothing but its log is left then."""
        self._keeping = asyncio.ensure_future(self._keep())
        deadline = time.monotonic() + within
        try:
            while not await self._answers():
                self._look_whether_ended(deadline)
                await asyncio.sleep(_LOOK_SECONDS)
        except BaseException:
            await self.stop(0)
            raise
        self._was_ready = True

    async def stop(self, patience: float) -> None:
        """patience: seconds that the requests under way have."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)
        self._stopping.set()
        await self._end()
        if self._keeping is not None:
            await self._keeping
        self._socket.close()

    def _look_whether_ended(self, deadline: float) -> None:
        log = (self._folder / "server.log").read_text("utf-8", "replace")
        ended = self._ended or ends_over_and_over(log)
        if ended or time.monotonic() > deadline:
            raise NotReadyError(ended)

    async def _answers(self) -> bool:
        try:
            await self._client.fetch(f"{self.address}/", request_timeout=_PROBE_SECONDS)
        except (HTTPClientError, OSError):
            return False
        return True

    async def _keep(self) -> None:
        """Runs the server, and once it was ready, runs it again whenever it ends."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            ended = await self._run()
            if not self._was_ready:
                self._ended = ended
                return
            pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run(self) -> str:
        """How the server ended, or why it cannot be started."""
        try:
            self._process = await self._spawned()
        except OSError as error:  # its files have gone, or the machine is full
            return str(error)
        if self._stopping.is_set():  # it was told so while there was no process to tell
            self._kill()
        code = await self._process.wait()
        self._kill()  # its workers would take requests that nobody watches over
        return describe_exit(code)

    async def _spawned(self) -> asyncio.subprocess.Process:
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        with (self._folder / "server.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command(self._server, home, f"fd://{self._socket.fileno()}"),
                cwd=self._server.code,
                env=variables(self._server, home, self._marker),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._socket.fileno()],
                start_new_session=True,
            )

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
        self._kill()

    def _kill(self) -> None:
        """All of its group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
