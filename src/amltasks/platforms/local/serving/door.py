"""An endpoint's front door: a process that outlives the step, and takes its commands on a port of its own.

    python -m amltasks.platforms.local.serving.door FOLDER     says `open` on standard output when it is

There is one for each endpoint at most: it holds a lock for as long as it lives, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.notebooks.processes import end_all
from amltasks.platforms.endpoints import Auth
from amltasks.platforms.local.serving.environment import touch
from amltasks.platforms.local.serving.front import Front
from amltasks.platforms.local.serving.proxy import Proxy
from amltasks.platforms.local.serving.state import HOST, EndpointFolder, Try
from amltasks.report.files import write_whole

if sys.platform != "win32":
    import fcntl

OPEN = "open"
_MOST_REQUESTS = 10_000  # at once
_MOST_BYTES = 512 * 2**20
_LOOK_SECONDS = 2.0
_DAY = 24 * 3600.0


class Commands(Data):
    """Where a door takes commands: each with the header `Authorization: Bearer SECRET`."""

    port: int
    secret: str
    pid: int


class Wanted(Data):
    """What a command may say; which of it counts, its name says."""

    deployment: str = ""
    auth: Auth = Auth.KEY
    traffic: dict[str, int] = {}
    mirror: dict[str, int] = {}
    tags: dict[str, str] = {}
    wanted: Try | None = None


class _Command(RequestHandler):
    """POST /NAME: 200 with what came of it, or 409 with a sentence."""

    def initialize(self, commands: dict[str, Callable[[Wanted], Awaitable[str]]], secret: str) -> None:
        self._commands = commands
        self._secret = secret

    async def post(self, name: str) -> None:
        given = self.request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._secret}".encode()):
            self.set_status(401)
            return
        try:
            self.write(await self._commands[name](Wanted.model_validate_json(self.request.body)))
        except UserError as error:
            self.set_status(409)
            self.write(str(error))


class _Door:
    def __init__(self, folder: EndpointFolder) -> None:
        self._folder = folder
        self._over = asyncio.Event()
        AsyncHTTPClient.configure(None, max_clients=_MOST_REQUESTS, max_body_size=_MOST_BYTES)
        self._client = AsyncHTTPClient(force_instance=True)

    async def run(self) -> None:
        endpoint = self._folder.read()
        if endpoint is None:
            return
        end_all(endpoint.marker, of_ours=False)  # what a door that was killed has left
        self._front = Front(self._folder, endpoint, self._client)
        copies: set[asyncio.Task[None]] = set()
        given = {"front": self._front, "client": self._client, "copies": copies}
        public = HTTPServer(Application([(".*", Proxy, given)]), max_buffer_size=_MOST_BYTES)
        sockets = _sockets(endpoint.port)
        public.add_sockets(sockets)
        self._front.resume(int(sockets[0].getsockname()[1]))
        commands = self._take_commands()
        write_whole(self._folder.door, commands.model_dump_json(by_alias=True))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._over.set)
        watching = [asyncio.ensure_future(self._say_in_use()), asyncio.ensure_future(self._end_with_files())]
        sys.stdout.write(f"{OPEN}\n")
        sys.stdout.flush()
        os.dup2(2, 1)  # whoever waits for the word reads no further
        await self._over.wait()
        for task in watching:
            task.cancel()
        public.stop()
        await self._front.close()
        await asyncio.gather(*copies)

    def _take_commands(self) -> Commands:
        known = {"deploy": self._deploy, "route": self._route, "tag": self._tag, "change": self._change,
                 "remove": self._remove, "close": self._close}  # fmt: skip
        secret = secrets.token_urlsafe(32)
        server = HTTPServer(Application([(r"/([a-z]+)", _Command, {"commands": known, "secret": secret})]))
        sockets = _sockets(0)
        server.add_sockets(sockets)
        return Commands(port=sockets[0].getsockname()[1], secret=secret, pid=os.getpid())

    async def _deploy(self, said: Wanted) -> str:
        assert said.wanted is not None
        return (await self._front.deploy(said.wanted)).model_dump_json(by_alias=True)

    async def _route(self, said: Wanted) -> str:
        self._front.route(said.traffic, said.mirror)
        return ""

    async def _tag(self, said: Wanted) -> str:
        self._front.tag(said.tags)
        return ""

    async def _change(self, said: Wanted) -> str:
        self._front.change(auth=said.auth)
        self._front.tag(said.tags)
        return ""

    async def _remove(self, said: Wanted) -> str:
        await self._front.delete_deployment(said.deployment)
        return ""

    async def _close(self, _: Wanted) -> str:
        self._over.set()
        return ""

    async def _say_in_use(self) -> None:
        """Environments that serve are not taken away for want of use."""
        while True:
            for deployment in self._front.endpoint.deployments:
                if deployment.serving is not None:
                    with contextlib.suppress(OSError):
                        touch(deployment.serving.server.python.parent.parent)
            await asyncio.sleep(_DAY)

    async def _end_with_files(self) -> None:
        """Agents and people delete folders, and nobody could find the endpoint again."""
        while self._folder.state.is_file():
            await asyncio.sleep(_LOOK_SECONDS)
        self._over.set()


def _sockets(port: int) -> list[socket.socket]:
    """Of the port that the endpoint had, unless it is another program's now."""
    try:
        return bind_sockets(port, HOST, family=socket.AF_INET)
    except OSError:
        return bind_sockets(0, HOST, family=socket.AF_INET)


@contextlib.contextmanager
def only_one(folder: EndpointFolder) -> Iterator[bool]:
    """Whether there is no other door; there will be none within."""
    with folder.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def main(path: str) -> None:
    folder = EndpointFolder(Path(path))
    with only_one(folder) as alone:
        if alone:
            folder.door.unlink(missing_ok=True)
            asyncio.run(_Door(folder).run())
            os._exit(0)  # the lock goes with the process, not before it


if __name__ == "__main__":
    main(sys.argv[1])
