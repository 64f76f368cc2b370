"""The process from which kernels are forked, as its owner sees it."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_PROGRAM = Path(__file__).with_name("inside") / "zygote.py"
_WAITING = 512  # kernels that may be asked for while it still imports
_END_SECONDS = 2.0
DESCRIPTION = "interpreter"  # the file beside its socket, in which a zygote says what it is

# What is read when the interpreter starts or a library that may be preloaded is imported, and hence is the same in all
# kernels of one zygote. Everything else is given to each kernel, and to no zygote.
_READ_AT_START = (
    "PYTHON*", "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TEMP", "TMP", "TERM",
    "LD_*", "GLIBC_*", "MALLOC_*", "VIRTUAL_ENV", "CONDA_*", "XDG_*",
    "OMP_*", "GOMP_*", "KMP_*", "OPENBLAS_*", "GOTO_*", "MKL_*", "BLIS_*", "VECLIB_*", "NUMEXPR_*", "NPY_*", "NUMPY_*",
    "PANDAS_*", "SCIPY_*", "SKLEARN_*", "JOBLIB_*", "LOKY_*", "ARROW_*", "PYARROW_*", "MPL*", "MATPLOTLIB*", "CUDA_*",
    "COVERAGE_*", "COV_CORE_*", "IPYTHON*", "JUPYTER_*", "DISPLAY", "WAYLAND_DISPLAY",
)  # fmt: skip


def start_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a zygote is started with: kernels that differ in it cannot share one."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in _READ_AT_START)
    }


def description(address: str) -> tuple[str, str, str, str] | None:
    """Of the zygote's interpreter: version, executable, prefix, version of ipykernel. None until it has said so."""
    with contextlib.suppress(OSError):
        line, ended, _ = Path(address).with_name(DESCRIPTION).read_text("utf-8", "replace").partition("\n")
        fields = line.split("\t")
        if ended and len(fields) == 4:
            return fields[0], fields[1], fields[2], fields[3]
    return None


def can_fork() -> bool:
    """Whether kernels can be forked on this system at all."""
    return sys.platform == "linux"


class Zygote:
    """A zygote and the folder it is reached in. Its kernels may be asked for by any process of the same user.

    address: path of its socket, to be given to `forking.fork_kernel`, at once: whoever is early waits.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, listener: int) -> None:
        self.address = str(folder / "zygote")
        self.pid = process.pid
        self._process = process
        self._folder = folder
        self._listener = listener  # its descriptor over there

    @classmethod
    def begin(
        cls,
        interpreter: str,
        environment: Mapping[str, str],
        preload: Iterable[str] | None = (),
        options: Iterable[str] = (),
    ) -> Zygote:
        """Starts it and returns at once, long before it has imported anything; `close` must be called.

        environment: of the kernels to come; see `start_environment`. preload: modules, see `preload.choose`;
        None where that is not known yet: kernels wait until `preload` says.
        options: of the interpreter (`-X utf8`). Raises OSError where the interpreter does not start, or the path of
        temporary files is too long for a socket (107 bytes).
        """
        folder = Path(tempfile.mkdtemp(prefix="amlz-"))  # mode 0700
        try:
            with (
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
                (folder / "log").open("wb") as log,
                (folder / DESCRIPTION).open("wb") as out,
            ):
                listener.bind(str(folder / "zygote"))
                listener.listen(_WAITING)
                process = subprocess.Popen(
                    [interpreter, *options, str(_PROGRAM)],
                    env=start_environment(environment),
                    cwd="/",
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=log,
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                )
                zygote = cls(process, folder, listener.fileno())
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if preload is not None:
            zygote.preload(preload)
        return zygote

    def preload(self, modules: Iterable[str]) -> None:
        """What it is to import before it forks the first kernel. Once, where `begin` was told None."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended already, as asking it for a kernel will tell
            settings = {"listener": self._listener, "preload": list(modules)}
            self._process.stdin.write(json.dumps(settings).encode() + b"\n")
            self._process.stdin.flush()

    def last_words(self) -> str:
        """What it wrote on stderr: why it ended, warnings of libraries."""
        with contextlib.suppress(OSError):
            return (self._folder / "log").read_text("utf-8", "replace")[-4000:]
        return ""

    def end(self) -> None:
        """Tells it to end, and does not wait: `close` does. Kernels live on as long as whoever asked for them."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def close(self) -> None:
        """Ends it."""
        self.end()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # still importing
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
