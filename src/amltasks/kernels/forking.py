"""Asking a zygote for a kernel, and the kernel that comes of it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from amltasks.kernels.command import KernelCommand

_LENGTH_BYTES = 8
_ENDING_SECONDS = 4.0  # for the keeper to end all that a kernel left; it gives up after three


class ForkRefusedError(Exception):
    """There will be no forked kernel, and nothing of one is left: start it directly. The message is a clause."""


class ForkFailedError(ForkRefusedError):
    """It should have gone well: worth telling."""


class ZygoteLostError(ForkFailedError):
    """The zygote has ended or hangs: no use in asking it again."""


def fork_kernel(
    address: str,
    argv: Sequence[str],
    *,
    cwd: str | os.PathLike[str],
    environment: Mapping[str, str],
    stdout: int = 1,
    stderr: int = 2,
    limits: Mapping[str, tuple[int, int]] | None = None,
    oom_score_adj: int | None = None,
    timeout: float = 5.0,
    patience: float = 30.0,
) -> ForkedKernel:
    """A kernel forked from the zygote at `address`, as the command `argv` would have started it; it listens already.

    environment: all of it; JPY_PARENT_PID is replaced. stdout, stderr: descriptors, which stay the caller's.
    limits: `resource` name → (soft, hard). timeout: seconds for the kernel to start. patience: seconds before that
    for the zygote, which may still be importing what the notebook would import itself.
    Blocks. Raises ForkRefusedError: whatever the reason, a direct start is the answer.
    """
    command = KernelCommand.parse(argv)
    if command is None:
        raise ForkRefusedError(f"no command for an IPython kernel: {' '.join(argv)[:200]}")
    request = {
        "argv": list(argv),
        "script": command.script,
        "arguments": command.arguments,
        "cwd": os.path.abspath(cwd),
        "environment": dict(environment),
        "umask": _umask(),
        "limits": dict(limits or {}),
        "oomScoreAdj": oom_score_adj,
    }
    began = time.monotonic()
    failure: type[ForkRefusedError] = ZygoteLostError
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    lines = _Lines(connection)
    try:
        connection.settimeout(patience)
        connection.connect(address)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused unread: the answer says why
            _send(connection, json.dumps(request).encode(), stdout, stderr)
        answer = lines.next(patience)
        if answer and "begun" in answer:
            failure = ForkFailedError
            answer = lines.next(timeout)
        if answer and "refused" in answer:
            failure = ForkRefusedError
    except TimeoutError:
        answer = {"refused": f"no kernel after {time.monotonic() - began:.1f} s"}
    except OSError as error:
        answer = {"refused": f"no zygote answers: {error}"}
    if answer and "pid" in answer:
        return ForkedKernel(connection, lines, int(answer["pid"]))
    connection.close()
    raise failure(_why(answer))


def _send(connection: socket.socket, data: bytes, stdout: int, stderr: int) -> None:
    message = len(data).to_bytes(_LENGTH_BYTES, "big") + data
    sent = socket.send_fds(connection, [message], [stdout, stderr])
    connection.sendall(message[sent:])


def _why(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return "the zygote has ended"
    if "exit" in answer:
        return f"the kernel ended at once (exit code {answer['exit']})"
    return str(answer.get("refused", answer))


class ForkedKernel:
    """A running kernel, with what `subprocess.Popen` has for one. `close` must be called; all of it ends with that.

    peak: once it has ended, the most memory that it had resident, in bytes; 0 where that is not known.
    survived: after `close`, names of the signals that its keeper was sent, most likely by the kernel.
    alone: after `close`, whether it is certain that nothing that it started is left.
    """

    stdin: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def __init__(self, connection: socket.socket, lines: _Lines, pid: int, stdout: IO[bytes] | None = None) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self.peak = 0
        self.survived: tuple[str, ...] = ()
        self.alone = False
        self._connection = connection
        self._lines = lines
        self._reading = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs. -9 where its keeper died, and it with that."""
        with contextlib.suppress(TimeoutError):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end. Raises TimeoutError after `timeout` seconds."""
        with self._reading:
            if self.returncode is None:
                message = self._lines.next(timeout)
                ended = message and "exit" in message
                self.peak = int(message["peak"]) if message and ended else 0
                self.returncode = int(message["exit"]) if message and ended else -signal.SIGKILL
            return self.returncode

    def send_signal(self, number: int) -> None:
        """To the kernel alone. Does nothing once it has ended; its pid is nobody else's before `close`."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> int:
        """Ends the kernel and everything that it started, at once; how many processes it had left behind."""
        if self._connection.fileno() < 0:
            return 0
        ended = 0
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(TimeoutError):
                self.wait(_ENDING_SECONDS)
                last = self._lines.next(_ENDING_SECONDS)
                if last and "ended" in last:
                    ended, self.survived = int(last["ended"]), tuple(last["survived"])
                    self.alone = bool(last["alone"])
        self._connection.close()
        return ended


class _Lines:
    """JSON lines of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def next(self, timeout: float | None) -> dict[str, Any] | None:
        """The next one; None at the end. Raises TimeoutError."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            poll = select.poll()
            poll.register(self._connection, select.POLLIN)
            if not poll.poll(None if left is None else left * 1000):
                raise TimeoutError
            try:
                chunk = self._connection.recv(1 << 12)
            except ConnectionResetError:
                return None
            if not chunk:
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


def _umask() -> int:
    """This process's, without setting it, as `os.umask` would for all threads."""
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
