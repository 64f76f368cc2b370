"""Imports once, forks kernels: `INTERPRETER zygote.py`, with its settings as one line on stdin, whose end is its own.

It is kept empty of everything that does not survive a fork: no event loop, no ZeroMQ context, no shell, no thread
but those of libraries that put up with it. It never sees what a kernel is asked for: that is read after the fork.

settings: {"listener": descriptor of a listening Unix socket, "preload": [module, …]}
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import importlib.util
import io
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

# A library that starts threads when it is imported, and starts them anew in a forked process (numexpr: by its pid).
_THREADED = {"numexpr": ("pandas", "numexpr", "sklearn")}
# Threads that end before a fork and begin anew after it, on both sides: jemalloc's, which pyarrow brings with pandas.
_RENEWED = "jemalloc_bg_thd"
# What is bound to a running kernel or to a device when it is imported. Must not be here, whoever imported it.
_FORBIDDEN = ("matplotlib.pyplot", "matplotlib_inline", "torch", "tensorflow", "jax", "ray", "grpc", "cupy", "pyspark")
# Imported by every kernel while it starts, or with its first cell.
_OF_EVERY_KERNEL = (
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger", "IPython.core.magics",
    "IPython.core.oinspect", "IPython.extensions.storemagic", "IPython.utils.wildcard", "tornado.platform.asyncio",
    "psutil", "pdb", "pwd", "sqlite3", "unicodedata",
)  # fmt: skip


class ZMQInteractiveShell:
    """Stands for the shell that there will be, with the name and the attribute that libraries know one by."""

    kernel = True


class Zygote:
    """What was imported, and whether that may be copied now."""

    def __init__(self) -> None:
        self._threads = 1
        for name in _OF_EVERY_KERNEL:
            _import(name)
        # Compiles the regular expressions that every first cell needs; keeps nothing.
        importlib.import_module("IPython.core.inputtransformer2").TransformerManager().transform_cell("x = 'a'\n")

    def preload(self, names: list[str]) -> None:
        """Imports these too; after that kernels may be forked."""
        before = set(sys.modules)
        self._import(names)
        self.preloaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
        self._refusal = self._final_refusal()
        self._places = _modified()

    def _import(self, names: list[str]) -> None:
        for owner, users in _THREADED.items():
            if any(name.partition(".")[0] in users for name in names) and importlib.util.find_spec(owner):
                before = _threads()
                importlib.import_module(owner)
                _end_what_a_fork_ends()
                self._threads += _threads() - before
        # pandas asks for the shell and the encoding of stdout when it is imported, to choose how it shows a table.
        builtins.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="UTF-8")):  # as a kernel's is
            for name in names:
                _import(name)
        del builtins.get_ipython  # type: ignore[attr-defined]

    def _final_refusal(self) -> str:
        """Why nothing may ever be forked from here; empty if all is well."""
        _end_what_a_fork_ends()
        if any(not Path(place).is_absolute() for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place):
            return "PYTHONPATH has a relative path, which every kernel takes from its own working directory"
        found = [name for name in _FORBIDDEN if name in sys.modules]
        if found:
            return f"{', '.join(found)} was imported"
        maps = Path("/proc/self/maps").read_bytes()
        return "CUDA is loaded" if b"libcuda.so" in maps or b"/dev/nvidia" in maps else ""

    def refusal(self) -> str:
        """Why no kernel may be forked now; empty if one may."""
        if self._refusal:
            return self._refusal
        if _threads() > self._threads:
            return f"{_threads()} threads are running, {self._threads} known to be safe"
        if _modified() != self._places:
            return "packages were installed or removed since the libraries were imported"
        return ""


def _import(name: str) -> None:
    # Of another version, or not installed: the kernel will see for itself.
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(name)


def _end_what_a_fork_ends() -> None:
    """Libraries that end their threads before a fork (OpenBLAS) do it now."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _threads() -> int:
    found = 0
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # it ended just now
            found += (task / "comm").read_text().strip() != _RENEWED
    return found


def _modified() -> dict[str, int | None]:
    """When each folder that modules come from was changed last: pip changes it with every package."""
    return {place: Path(place).stat().st_mtime_ns if Path(place).exists() else None for place in sys.path}


def serve(
    listener: socket.socket, zygote: Zygote, keep: Callable[[socket.socket, list[str]], Callable[[], None]]
) -> Callable[[], None]:
    """Forks a keeper for every connection, until stdin ends. Returns in kernels only: what to call when it listens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers need not be waited for
    gc.freeze()  # a collection in a kernel would otherwise copy every page
    gc.enable()
    while True:
        ready, _, _ = select.select([listener.fileno(), 0], [], [])
        if 0 in ready:  # the owner is gone; if it was killed, nobody else removes the folder
            shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)
            os._exit(0)
        connection, _ = listener.accept()
        refusal = zygote.refusal()
        if _peer(connection) != os.getuid():
            connection.close()
        elif refusal:
            connection.sendall(json.dumps({"refused": refusal}).encode() + b"\n")
            connection.close()
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python ≥ 3.12 warns of threads, which have been looked at
                pid = os.fork()
            if not pid:
                listener.close()
                return keep(connection, zygote.preloaded)
            connection.close()


def _peer(connection: socket.socket) -> int:
    """The user at the other end of a Unix socket."""
    _, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return int(user)


def _description() -> list[str]:
    """What this interpreter is, for those who would have to ask: version, executable, prefix, version of ipykernel."""
    return [
        ".".join(map(str, sys.version_info[:3])),
        sys.executable,
        sys.prefix,
        sys.modules["ipykernel"].__version__,
    ]


def _line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(0)
        line += byte
    return line


def main() -> None:
    gc.disable()  # importing makes no garbage worth looking for
    # Read when matplotlib is imported. Kernels have it too, unless the user says otherwise: then it is given here.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))  # with PYTHONSAFEPATH it is not there
    import keeper  # type: ignore[import-not-found,unused-ignore]
    import kernel_app  # type: ignore[import-not-found,unused-ignore]

    # What a notebook imports is its own: nothing of this folder. IPython adds the working directory later.
    for name in ("keeper", "family", "identity", "kernel_app", "streams"):
        del sys.modules[name]
    sys.path[:] = [place for place in sys.path if Path(place) != here]
    zygote = Zygote()
    os.write(1, ("\t".join(_description()) + "\n").encode("utf-8", "backslashreplace"))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)  # keepers inherit it, and no notebook shall write to the description through them
    os.close(nothing)
    settings = json.loads(_line())  # only now: what to preload may have become known meanwhile
    zygote.preload(settings["preload"])
    listening = serve(socket.socket(fileno=settings["listener"]), zygote, keeper.keep)
    kernel_app.KernelApp.listening = staticmethod(listening)
    kernel_app.run()


if __name__ == "__main__":
    main()
