"""The nursery: a process that has imported what workers need, and forks one for each notebook in milliseconds.

It is made before any thread or event loop, knows nothing of notebooks, and does three things: forks a worker when it is
asked to, tells how each ended, and ends when whoever asks is gone. Linux only; `workers` does without elsewhere.

Asked by one datagram with four descriptors: the worker's stdin, stdout and stderr, and a socket on which the answer
comes: the worker's pid with its pidfd, then its exit code (negative: a signal).
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COMMAND = ("-m", "amltasks.notebooks.worker")
_END_SECONDS = 2.0


@dataclass(frozen=True)
class _Child:
    pid: int
    pidfd: int
    answers: socket.socket


class Nursery:
    """The process, as its parent sees it.

    asking: where workers are asked for; sent to by `workers`.
    """

    def __init__(self, pid: int, asking: socket.socket) -> None:
        self.pid = pid
        self.asking = asking

    @classmethod
    def fork(cls, worker: Callable[[], Callable[[], None]]) -> Nursery:
        """Makes it, by copying this process as it is. Raises OSError.

        worker: called over there once, while this process goes on; imports, and gives what each worker does.
        """
        asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sys.stdout.flush()  # or each copy would write it again
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            asked.close()
            return cls(pid, asking)
        try:
            asking.close()
            os.setsid()  # Ctrl-C is for the command, which tells the workers in good order
            main = worker()
            gc.freeze()  # nothing of what is here is ever given back, or closed
            serve(asked, main)
        except BaseException:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type,unused-ignore]
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)

    def close(self) -> None:
        """Ends it, even if it hangs; workers live on."""
        self.asking.close()
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            ended = os.pidfd_open(self.pid)
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            if not poll.poll(_END_SECONDS * 1000):
                os.kill(self.pid, signal.SIGKILL)
            os.close(ended)
            os.waitpid(self.pid, 0)


def can_fork() -> bool:
    """Whether this process may be copied: on Linux, with no second thread, texts encoded as in a worker of its own."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open") or sys.getfilesystemencoding() != "utf-8":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:  # Linux < 5.3, or no /proc
        return False


def serve(asked: socket.socket, main: Callable[[], None]) -> None:
    """What a nursery does, until nobody is left who could ask."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        signal.signal(number, handler)
    signal.set_wakeup_fd(-1)
    _keep_open(asked.fileno())
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    children: dict[int, _Child] = {}
    poll = select.poll()
    poll.register(asked, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != asked.fileno():
                poll.unregister(descriptor)
                _tell_end(children.pop(descriptor))
                continue
            request, descriptors, _, _ = socket.recv_fds(asked, 16, 4)
            if not request:
                return
            child = _fork_worker(descriptors, main)
            children[child.pidfd] = child
            poll.register(child.pidfd, select.POLLIN)


def _fork_worker(descriptors: list[int], main: Callable[[], None]) -> _Child:
    pid = os.fork()
    if not pid:
        _be_worker(descriptors, main)
    *streams, answers_fileno = descriptors
    for stream in streams:
        os.close(stream)
    child = _Child(pid, os.pidfd_open(pid), socket.socket(fileno=answers_fileno))
    with contextlib.suppress(OSError):  # whoever asked is gone; the worker finds out by itself
        socket.send_fds(child.answers, [b"%d\n" % pid], [child.pidfd])
    return child


def _be_worker(descriptors: list[int], main: Callable[[], None]) -> None:
    code = 1
    try:
        os.setsid()
        for place, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, place)
        _keep_open()
        _show_as_worker()
        main()
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type,unused-ignore]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _show_as_worker() -> None:
    """`ps` and whoever looks for workers see what this is."""
    from amltasks.kernels.inside.identity import show_command

    with contextlib.suppress(OSError):  # the system does not allow it: then it has the command's name
        show_command([sys.executable, *COMMAND], dict(os.environ))


def _keep_open(*descriptors: int) -> None:
    """Closes all others, except the standard streams."""
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor not in descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _tell_end(child: _Child) -> None:
    _, status = os.waitpid(child.pid, 0)
    with contextlib.suppress(OSError):
        child.answers.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    child.answers.close()
    os.close(child.pidfd)
