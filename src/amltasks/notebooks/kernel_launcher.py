"""Runs in the user's interpreter, by its path: an IPython kernel that loses neither output nor the stack of a crash.

Imports nothing of amltasks, and nothing newer than Python 3.8: that interpreter knows only ipykernel.
"""

import faulthandler
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    if Path(sys.path[0]) == Path(__file__).resolve().parent:
        del sys.path[0]  # IPython adds the working directory later, once its own imports are done
    crash_log = os.fdopen(os.dup(2), "w")  # ipykernel puts a pipe of its own in place of 2, which dies with it

    import zmq
    from ipykernel.kernelapp import IPKernelApp  # type: ignore[import-not-found,unused-ignore]

    class KernelApp(IPKernelApp):  # type: ignore[misc,unused-ignore]
        def init_iopub(self, context: zmq.Context) -> None:  # type: ignore[type-arg]
            context.setsockopt(zmq.SNDHWM, 0)  # by default output beyond a thousand waiting messages is dropped
            super().init_iopub(context)

        def init_io(self) -> None:
            super().init_io()
            faulthandler.enable(file=crash_log, all_threads=False)

    KernelApp.launch_instance()
