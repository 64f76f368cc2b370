"""The IPython kernel as we start it: loses neither output nor the stack of a crash, and never stalls when it ends.

Imported only to be used: importing it makes no thread, socket, event loop or shell, so that it can be forked after.
"""

from __future__ import annotations

import _io
import atexit
import contextlib
import ctypes
import faulthandler
import gc
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

# debugpy takes a third of a kernel's start and is of use to debuggers only: ipykernel does without where it is not
# found. A notebook can import it as ever.
_DEBUGGER = "debugpy"
_hidden = sys.modules.get(_DEBUGGER, False)
if _hidden is False:
    sys.modules[_DEBUGGER] = None  # type: ignore[assignment]
try:
    import ipykernel.debugger  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    import streams  # type: ignore[import-not-found,unused-ignore]
    import zmq
    from ipykernel.ipkernel import IPythonKernel  # type: ignore[import-not-found,unused-ignore]
    from ipykernel.kernelapp import IPKernelApp  # type: ignore[import-not-found,unused-ignore]
    from traitlets import default
    from traitlets.config import Config
finally:
    if _hidden is False:
        del sys.modules[_DEBUGGER]


_HISTORY = "--HistoryManager.hist_file="
_TRACKERS = ("multiprocessing.resource_tracker", "joblib.externals.loky.backend.resource_tracker")


class Kernel(IPythonKernel):  # type: ignore[misc,unused-ignore]
    _execute_sleep = 0  # ipykernel sleeps before a reply, for output to be there first; who wants that waits for `idle`

    def finish_metadata(self, *args: Any) -> Any:
        # After a cell and before its reply, and of no weight on the stack while the cell runs: how deep a recursion may
        # go, and what its traceback says of that, is the same as in any kernel.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, streams.OutStream):  # not where the notebook has put another in its place
                stream.send_written()
        return super().finish_metadata(*args)

    def _process_children(self) -> list[Any]:
        # A tracker of shared resources ignores SIGTERM, and ends by itself after all that it tracks for, this process
        # included. ipykernel would wait 14 s for it before it ends.
        trackers = {sys.modules[name]._resource_tracker._pid for name in _TRACKERS if name in sys.modules}
        children = [child for child in super()._process_children() if child.pid not in trackers]
        return [child for child in children if not _has_ended(child)]


def _has_ended(process: Any) -> bool:
    """Whether that is so, also of a child that the notebook has not waited for: ipykernel would, for 28 s."""
    psutil = sys.modules["psutil"]  # where the process comes from
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class KernelApp(IPKernelApp):  # type: ignore[misc,unused-ignore]
    """ipykernel's own application, with what it gets wrong put right.

    listening: called once all sockets but the heartbeat's are bound: whoever connects now need not try twice.
    """

    listening: Callable[[], None] | None = None

    @default("kernel_class")
    def _kernel_class(self) -> type[Kernel]:
        return Kernel

    @default("session")
    def _session(self) -> streams.PiecewiseSession:
        return streams.PiecewiseSession(parent=self)

    @default("parent_handle")
    def _parent_handle(self) -> int:
        return int(os.environ.get("JPY_PARENT_PID") or 0)  # ipykernel's default is read when it is imported

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """As ever, but the arguments of nearly all kernels without a parser that knows each option of each class."""
        config = _configuration(sys.argv[1:] if argv is None else argv)
        if config is None:
            super().parse_command_line(argv)
        else:
            self.cli_config = config
            self.extra_args: list[str] = []
            self.update_config(config)
        self.log.setLevel(self.log_level)  # or sixty messages are made that its handler then drops

    def init_sockets(self) -> None:
        super().init_sockets()
        if self.listening:
            self.listening()

    def init_iopub(self, context: zmq.Context) -> None:  # type: ignore[type-arg]
        context.setsockopt(zmq.SNDHWM, 0)  # by default output beyond a thousand waiting messages is dropped
        super().init_iopub(context)

    def init_io(self) -> None:
        crash_log = os.fdopen(os.dup(2), "w")  # ipykernel puts a pipe of its own in place of 2, which dies with it
        super().init_io()
        faulthandler.enable(file=crash_log, all_threads=False)

    def start(self) -> None:
        try:
            super().start()
        finally:
            # ipykernel 7 stops the IOPub thread at exit, then joins the control thread, which may be waiting for just
            # that one: for ten seconds or for ever. So the control thread ends first.
            control = self.control_thread
            if control is not None and control.is_alive():
                control.stop()
                control.join()


def _configuration(arguments: list[str]) -> Config | None:
    """What the arguments say that our kernels have; None where there are others."""
    config, left = Config(), list(arguments)
    while left:
        first = left.pop(0)
        if first == "-f" and left:
            config.IPKernelApp.connection_file = left.pop(0)
        elif first.startswith(_HISTORY):
            config.HistoryManager.hist_file = first[len(_HISTORY) :]
        else:
            return None
    return config


def run() -> None:
    """Runs the kernel to its end, and ends the process as soon as nothing of the notebook can be lost by that.

    The interpreter would go on to take apart every module that is loaded: 0.1 s and a copy of most pages a fork shares.
    """
    KernelApp.launch_instance()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    vars(sys.modules["__main__"]).clear()
    gc.collect()  # what the notebook holds is finalised
    for thing in gc.get_objects():
        if issubclass(type(thing), _io._IOBase) and not thing.closed:
            with contextlib.suppress(Exception):  # as the interpreter does: a closed pipe, a full disk
                thing.flush()
    ctypes.CDLL(None).fflush(None)
    os._exit(0)
