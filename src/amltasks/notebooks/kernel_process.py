"""A kernel's process: started on a connection of its own, watched, interrupted, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import zmq
import zmq.asyncio
from jupyter_client import AsyncKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.launcher import launch_kernel

from amltasks.kernels.forking import ForkedKernel, ForkFailedError, ForkRefusedError, ZygoteLostError, fork_kernel
from amltasks.notebooks.exits import describe_exit
from amltasks.notebooks.kernels import Kernel
from amltasks.notebooks.processes import MARKER, connection_folder

_LONGEST_IPC_PATH = 107  # sockaddr_un.sun_path without its NUL; "k-5" is the longest name in the folder
_TAIL_BYTES = 16 * 1024


class KernelStartError(Exception):
    """The kernel's process ended, or never answered, before the first cell; the message is a clause."""


class KernelProcess:
    """One running kernel. Made by `start`, inside an event loop; `close` must be called.

    client: channels shell, iopub and control, without heartbeat and stdin.
    left, survived: after `close`, how many processes it had left behind, and which signals its parent was sent, as far
    as that parent was made for it. alone: after `close`, whether it is certain that nothing is left.
    note: a sentence where it was to be forked and could not be.
    exited: becomes the exit code (negative: a signal) the moment the process ends.
    """

    def __init__(
        self,
        kernel: Kernel,
        popen: subprocess.Popen[bytes] | ForkedKernel,
        client: AsyncKernelClient,
        folder: Path,
        note: str = "",
    ) -> None:
        self.kernel = kernel
        self.note = note
        self.client = client
        self.pid = popen.pid
        self.left = 0
        self.survived: tuple[str, ...] = ()
        self.alone = False
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = loop.create_future()
        self._popen = popen
        self._folder = folder
        self._tail = _Tail(popen.stdout)
        threading.Thread(target=self._watch, args=(loop,), daemon=True).start()

    @classmethod
    async def start(
        cls, kernel: Kernel, working_directory: Path, added: Mapping[str, str], marker: str, zygote: str = ""
    ) -> KernelProcess:
        """Starts the process; `ready` tells when it answers. added: environment beside the kernel's own.

        zygote: the address of one to fork it from, if that can be done.
        Raises KernelStartError where the program or the folder is not there.
        """
        folder = connection_folder(marker)
        folder.mkdir(mode=0o700)
        connection_file = str(folder / "kernel.json")
        use_ipc = kernel.is_ipykernel and os.name == "posix" and len(os.fsencode(folder / "k-5")) <= _LONGEST_IPC_PATH
        where = {"transport": "ipc", "ip": str(folder / "k")} if use_ipc else {"transport": "tcp", "ip": "127.0.0.1"}
        key = os.urandom(24).hex().encode()
        _, connection = write_connection_file(connection_file, key=key, kernel_name=kernel.name, **where)
        environment = {**kernel.environment, **added, MARKER: marker}
        environment.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        try:
            argv = [part.replace("{connection_file}", connection_file) for part in kernel.argv]
            popen, note = await _launched(argv, environment, working_directory, zygote)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise KernelStartError(f"it cannot be started: {error}") from None
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.RCVHWM, 0)  # a flood is queued; by default messages beyond a thousand are dropped
        client = AsyncKernelClient(context=context)
        client.load_connection_info({**connection, "key": key})
        client.start_channels(stdin=False, hb=False)
        client.allow_stdin = False
        return cls(kernel, popen, client, folder, note)

    async def ready(self, timeout: float) -> dict[str, Any]:
        """Waits until the kernel answers on shell and is heard on iopub; its `kernel_info`.

        Raises KernelStartError when it ends before, or does not answer within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        iopub, shell = self.client.iopub_channel.socket, self.client.shell_channel
        info: dict[str, Any] | None = None
        while time.monotonic() < deadline:
            self.client.kernel_info()
            heard = await iopub.poll(250)
            while info is None and await shell.socket.poll(250 if heard else 0):
                message = await shell.get_msg(timeout=1)
                if message["msg_type"] == "kernel_info_reply":
                    info = message["content"]
            if self.exited.done():
                code = self.exited.result()
                said = self._tail.text().strip().splitlines()
                why = f": {said[-1]}" if said else ""
                raise KernelStartError(f"its process ended at once, {describe_exit(code)}{why}")
            if info is not None and heard:
                return info
        raise KernelStartError(f"it did not answer within {timeout:g} s")

    async def interrupt(self) -> None:
        """Asks the running cell to end, as the stop button does."""
        if self.exited.done():
            return
        if self.kernel.interrupt_by_message:
            session = self.client.session
            session.send(self.client.control_channel.socket, session.msg("interrupt_request", {}))
        elif sys.platform == "win32":
            from jupyter_client.win_interrupt import send_interrupt

            send_interrupt(self._popen.win32_interrupt_event)  # type: ignore[attr-defined]
        else:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGINT)

    async def shutdown(self, grace: float) -> None:
        """Lets the kernel end by itself, atexit handlers and all, for `grace` seconds; then kills it."""
        if not self.exited.done() and grace > 0:
            session = self.client.session
            session.send(self.client.control_channel.socket, session.msg("shutdown_request", {"restart": False}))
            await asyncio.wait({self.exited}, timeout=grace)
        self.kill()
        await asyncio.wait({self.exited}, timeout=2)

    @property
    def peak(self) -> int:
        """Once it has ended, the most memory that the process had resident, in bytes; 0 where that is not known."""
        return self._popen.peak if isinstance(self._popen, ForkedKernel) else 0

    def kill(self) -> None:
        """Ends the process and its group at once."""
        if self.exited.done():
            return
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self._popen.kill()

    def close(self) -> None:
        """Gives back sockets and files; the process must have ended."""
        if isinstance(self._popen, ForkedKernel):
            self.left = self._popen.close()
            self.survived, self.alone = self._popen.survived, self._popen.alone
        self.client.stop_channels()
        self.client.context.destroy(linger=0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def last_words(self) -> str:
        """The end of what the process itself wrote on stdout and stderr, past Jupyter: crash stacks, loader errors."""
        return self._tail.text()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        code = self._popen.wait()
        self._tail.settle()
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(self.exited.set_result, code)


async def _launched(
    argv: list[str], environment: dict[str, str], folder: Path, zygote: str
) -> tuple[subprocess.Popen[bytes] | ForkedKernel, str]:
    """Forked, or else started, with a note where that is for a fault. Raises OSError."""
    note = ""
    if zygote:
        reading, writing = os.pipe()
        try:
            forked = await asyncio.to_thread(
                fork_kernel, zygote, argv, cwd=folder, environment=environment, stdout=writing, stderr=writing
            )
        except ForkRefusedError as refusal:
            os.close(reading)
            if isinstance(refusal, ForkFailedError):
                note = f"The kernel could not be forked ({refusal}); it was started by itself."
            if isinstance(refusal, ZygoteLostError):
                Path(zygote).unlink(missing_ok=True)  # no other notebook has to wait for it
        else:
            forked.stdout = os.fdopen(reading, "rb", 0)
            return forked, note
        finally:
            os.close(writing)
    started: subprocess.Popen[bytes] = launch_kernel(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=str(folder),
    )
    return started, note


class _Tail:
    """Keeps the end of a pipe's text. Reads until its end, which a left-behind child may put off for ever."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._kept = bytearray()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe, contextlib.suppress(OSError):  # closed here alone: nobody else knows when it is read to its end
            while chunk := os.read(pipe.fileno(), 65536):
                with self._lock:
                    self._kept += chunk
                    del self._kept[:-_TAIL_BYTES]

    def settle(self) -> None:
        """Waits a moment for what was written last."""
        self._thread.join(0.1)

    def text(self) -> str:
        with self._lock:
            return self._kept.decode("utf-8", "replace")
