"""The IPython kernel as we start it: loses neither output nor the stack of a crash, and never stalls when it ends.

Imported only to be used: importing it makes no thread, socket, event loop or shell, so that it can be forked after.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Callable

# debugpy takes a third of a kernel's start and is of use to debuggers only: ipykernel does without where it is not
# found. A notebook can import it as ever.
_DEBUGGER = "debugpy"
_hidden = sys.modules.get(_DEBUGGER, False)
if _hidden is False:
    sys.modules[_DEBUGGER] = None  # type: ignore[assignment]
try:
    import ipykernel.debugger  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    import zmq
    from ipykernel.kernelapp import IPKernelApp  # type: ignore[import-not-found,unused-ignore]
    from traitlets import default
finally:
    if _hidden is False:
        del sys.modules[_DEBUGGER]


class KernelApp(IPKernelApp):  # type: ignore[misc,unused-ignore]
    """ipykernel's own application, with what it gets wrong put right.

    listening: called once all sockets but the heartbeat's are bound: whoever connects now need not try twice.
    """

    listening: Callable[[], None] | None = None

    @default("parent_handle")
    def _parent_handle(self) -> int:
        return int(os.environ.get("JPY_PARENT_PID") or 0)  # ipykernel's default is read when it is imported

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
