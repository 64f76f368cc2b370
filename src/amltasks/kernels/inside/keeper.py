"""The process between a zygote and one kernel: forks it, tells how it ended, ends whatever it leaves behind.

Protocol, on the connection of whoever asked: in comes one request with the descriptors for stdout and stderr; out go
JSON lines: {"begun": true} at once; {"pid"} when the kernel listens, or {"refused": why}; {"exit": code, negative for
a signal, "peak": bytes}; {"ended": n, "alone": whether nothing is left, "survived": [signal, …]}.
The other side's end of file, closed or dead, is the order to end everything; the kernel's pid is not reused before.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.machinery
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import family  # type: ignore[import-not-found,unused-ignore]
import identity  # type: ignore[import-not-found,unused-ignore]

_LENGTH_BYTES = 8
_WAITID = {"x86_64": 247, "aarch64": 95}  # the system call tells of resources without reaping; os.waitid does not
_END_SECONDS = 3.0
_POLL_SECONDS = 0.01  # where there is no pidfd: Linux < 5.3, Python < 3.9


def keep(connection: socket.socket, preloaded: list[str]) -> Callable[[], None]:
    """Forks the kernel that is asked for on the connection. Returns in the kernel only.

    preloaded: packages that are imported already. The result is to be called when the kernel listens on its sockets.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    identity.adopt_orphans()
    _tell(connection, {"begun": True})
    request, descriptors = _receive(connection)
    keeper = os.getpid()
    pid = os.fork()
    if pid:
        _keep(connection, pid, descriptors)
    try:
        _refuse_shadowed(preloaded, request["cwd"])
        _become(request, descriptors, keeper)
    except (OSError, ValueError, AttributeError) as error:
        _tell(connection, {"refused": str(error)})
        os._exit(1)

    def listening() -> None:
        _tell(connection, {"pid": os.getpid()})
        connection.close()

    return listening


def _become(request: dict[str, Any], descriptors: list[int], keeper: int) -> None:
    os.setsid()
    identity.die_with_parent(keeper)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, descriptor in enumerate([nothing, *descriptors]):
        os.dup2(descriptor, place)
        os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=stream is sys.stderr or stream.isatty())  # type: ignore[union-attr]
    request["environment"]["JPY_PARENT_PID"] = str(keeper)  # ipykernel ends when that is not its parent any more
    identity.take_over(request)


def _refuse_shadowed(preloaded: list[str], folder: str) -> None:
    """A file beside the notebook comes before what is installed; matplotlib reads `matplotlibrc` from there."""
    for name in preloaded:
        spec = importlib.machinery.PathFinder.find_spec(name, [folder])
        if spec is not None and spec.loader is not None:
            raise ValueError(f"{name} would be imported from the working directory")
    if "matplotlib" in preloaded and Path(folder, "matplotlibrc").exists():
        raise ValueError("the working directory has a matplotlibrc")


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """One request: its length, then JSON; with the first byte, the descriptors of its stdout and stderr."""
    data, ancillary, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(2 * 4))
    descriptors = [
        int.from_bytes(packed[at : at + 4], sys.byteorder)
        for level, kind, packed in ancillary
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        for at in range(0, len(packed) - len(packed) % 4, 4)
    ]
    while len(data) < _LENGTH_BYTES or len(data) < _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big"):
        chunk = connection.recv(1 << 16)
        if not chunk:
            os._exit(0)  # whoever asked is gone
        data += chunk
    if len(descriptors) != 2:
        os._exit(1)
    return json.loads(data[_LENGTH_BYTES:]), descriptors


def _keep(connection: socket.socket, pid: int, descriptors: list[int]) -> NoReturn:
    survived = _survive_signals()
    for descriptor in descriptors:
        os.close(descriptor)
    running = True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    pidfd = _pidfd(pid)
    if pidfd is not None:
        poll.register(pidfd, select.POLLIN)
    while True:
        ready = poll.poll(_POLL_SECONDS * 1000 if running and pidfd is None else None)
        if running:
            ending = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ending:
                running = False
                if pidfd is not None:
                    poll.unregister(pidfd)
                code = ending.si_status if ending.si_code == os.CLD_EXITED else -ending.si_status
                _tell(connection, {"exit": code, "peak": _peak(pid)})
        if any(descriptor == connection.fileno() for descriptor, _ in ready) and _is_over(connection):
            break
    ended, alone = _end_all(pid)
    _tell(connection, {"ended": ended, "alone": alone, "survived": sorted(survived)})
    os._exit(0)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _is_over(connection: socket.socket) -> bool:
    try:
        return not connection.recv(64)
    except OSError:
        return True


def _peak(pid: int) -> int:
    """The most memory that a child, ended but not reaped, had resident, in bytes; 0 where that cannot be found out."""
    number = _WAITID.get(os.uname().machine)
    usage = (ctypes.c_long * 18)()  # struct rusage
    if number is None:
        return 0
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    ctypes.CDLL(None).syscall(number, os.P_PID, pid, ctypes.create_string_buffer(128), flags, usage)
    return usage[4] * 1024  # ru_maxrss


def _survive_signals() -> set[str]:
    """The kernel can send them to its parent. The names of those that come are put into the result."""
    survived: set[str] = set()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"):
        signal.signal(signal.Signals[name], lambda number, _: survived.add(signal.Signals(number).name))
    return survived


def _tell(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # whoever asked is gone, which shows as the end of file
        connection.sendall(json.dumps(message).encode() + b"\n")


def _end_all(kernel: int) -> tuple[int, bool]:
    """Kills every descendant, until there is none or they cannot be killed.

    How many there were beside the kernel, and whether none is left: orphans are this process's children.
    """
    ended: set[int] = set()
    alone = False
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            alone = True
            break
        for pid in family.descendants(os.getpid()):
            if not family.has_ended(pid):
                with contextlib.suppress(OSError):  # it ended just now
                    os.kill(pid, signal.SIGKILL)
                    ended.add(pid)
        time.sleep(0.002)
    return len(ended - {kernel}), alone
