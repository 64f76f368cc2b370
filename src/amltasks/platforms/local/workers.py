"""Worker processes as the command sees them: forked from a nursery where there is one, else started by themselves."""

from __future__ import annotations

import array
import asyncio
import contextlib
import ctypes
import importlib.machinery
import os
import select
import signal
import socket
import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

from nbformat import validate
from nbformat.v4 import new_notebook

from amltasks.errors import ServiceError
from amltasks.kernels.switch import forks_wanted
from amltasks.platforms.local.nursery import COMMAND, Nursery, can_fork

_END_SECONDS = 1.0  # for a killed worker to be gone
_ANSWER_SECONDS = 5.0  # for the nursery to fork; then a worker is started without it


class WorkerProcess:
    """One worker. stdout, stderr: what it writes. exited: becomes its exit code, negative for a signal."""

    def __init__(
        self,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
        exited: asyncio.Future[int],
        kill: Callable[[], None],
    ) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.exited = exited
        self._stdin = stdin
        self._kill = kill

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.exited.result() if self.exited.done() else None

    async def write(self, text: str) -> None:
        """A line for the worker. One that has ended takes nothing: that is seen elsewhere."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._stdin.write(text.encode() + b"\n")
            await self._stdin.drain()

    def kill(self) -> None:
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                self._kill()

    def close(self) -> None:
        """The worker reads no more after that, and nobody waits for it."""
        self._stdin.close()


class Workers:
    """Where workers come from. `fork` makes it before the first thread or event loop; without, they start directly."""

    def __init__(self, nursery: Nursery | None = None) -> None:
        self._nursery = nursery
        self._idle: list[WorkerProcess] = []

    @classmethod
    def fork(cls) -> Workers:
        """Has what workers need imported, so that each can be a copy; the direct way where there are no forks."""
        if not forks_wanted() or not can_fork():
            return cls()
        validate(new_notebook())  # compiles its schema, which each worker would do again
        with contextlib.suppress(AttributeError):  # not GNU's C library
            ctypes.CDLL(None).malloc_trim(0)  # what that took for a while is 3 MB, here and in every copy
        try:
            return cls(Nursery.fork(_worker))
        except OSError:  # no more processes, or memory: the direct start will tell, if it cannot be done either
            return cls()

    async def start(self) -> WorkerProcess:
        """One that was taken back, or a new one. Raises ServiceError."""
        while self._idle:
            process = self._idle.pop()
            if not process.exited.done():
                return process
        if self._nursery is not None:
            try:
                return await asyncio.wait_for(_forked(self._nursery), _ANSWER_SECONDS)
            except (OSError, asyncio.TimeoutError):
                self.close()
        return await _direct()

    def take_back(self, process: WorkerProcess) -> bool:
        """One that takes another notebook; False where it is not to be kept. It ends with the event loop."""
        if self._nursery is None or process.exited.done():
            return False
        self._idle.append(process)
        return True

    def close(self) -> None:
        """Ends the nursery, if there is one."""
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None


def _worker() -> Callable[[], None]:
    _import_when_used("requests")  # papermill imports it, for notebooks on web servers; ours never are
    from amltasks.notebooks.worker import main

    return main


class _ModuleWhenUsed(types.ModuleType):
    """Stands for a module until something is asked of it. `importlib.util.LazyLoader` loads it when it is imported."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _import_when_used(name: str) -> None:
    if name not in sys.modules:
        module = sys.modules[name] = _ModuleWhenUsed(name)
        module.__spec__ = importlib.machinery.PathFinder.find_spec(name)


async def _direct() -> WorkerProcess:
    options: dict[str, Any] = (
        {"start_new_session": True} if os.name == "posix" else {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
    )
    command = [sys.executable, "-I", "-X", "utf8", *COMMAND]
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, **options)
    except OSError as error:
        raise ServiceError(f"No process could be started to run a notebook: {error}") from error
    assert process.stdin
    assert process.stdout
    assert process.stderr
    exited = asyncio.ensure_future(process.wait())
    return WorkerProcess(process.stdin, process.stdout, process.stderr, exited, process.kill)


async def _forked(nursery: Nursery) -> WorkerProcess:
    """Raises OSError where the nursery is gone."""
    answers, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = (os.pipe() for _ in range(3))
    try:
        socket.send_fds(nursery.asking, [b"worker"], [in_read, out_write, err_write, theirs.fileno()])
        answers.setblocking(False)
        pidfd = await _pidfd(answers)
    except BaseException:
        for descriptor in (in_write, out_read, err_read):
            os.close(descriptor)
        answers.close()
        raise
    finally:
        theirs.close()
        for descriptor in (in_read, out_write, err_write):
            os.close(descriptor)
    stdout, stderr = await _reader(out_read), await _reader(err_read)
    exited = asyncio.ensure_future(_exit_code(answers, pidfd))
    return WorkerProcess(await _writer(in_write), stdout, stderr, exited, lambda: _kill(pidfd))


async def _pidfd(answers: socket.socket) -> int:
    await _readable(answers.fileno())
    data, ancillary, _, _ = answers.recvmsg(16, socket.CMSG_SPACE(4))
    if not data or not ancillary:
        raise OSError("the nursery has ended")
    return array.array("i", ancillary[0][2])[0]


async def _exit_code(answers: socket.socket, pidfd: int) -> int:
    """The worker's; that of SIGKILL where the nursery did not live to tell."""
    try:
        data = await asyncio.get_running_loop().sock_recv(answers, 16)
        await _readable(pidfd)
        return int(data) if data else -signal.SIGKILL
    finally:
        # Where this ends before the worker does, with the event loop: so does the worker.
        with contextlib.suppress(ProcessLookupError):
            _kill(pidfd)
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)
            ended.poll(_END_SECONDS * 1000)
        answers.close()
        os.close(pidfd)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


def _kill(pidfd: int) -> None:
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)  # type: ignore[attr-defined,unused-ignore]


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", 0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "wb", 0)
    transport, protocol = await loop.connect_write_pipe(lambda: asyncio.streams.FlowControlMixin(loop=loop), pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)
