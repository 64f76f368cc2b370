"""What a forked process takes over from the command it stands for, so that nobody can tell it from a started one."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import random
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_MM = 35
_PR_SET_MM_MAP = 14
_NO_FILE = 0xFFFFFFFF
_MEMORY: list[Any] = []  # what the system shows as command line and environment: lives as long as the process

_LAUNCHER = getattr(importlib.util.find_spec("ipykernel_launcher"), "origin", "")


class _MemoryMap(ctypes.Structure):
    """`struct prctl_mm_map` of linux/prctl.h."""

    _names = (
        "start_code end_code start_data end_data start_brk brk start_stack arg_start arg_end env_start env_end auxv"
    )
    _fields_ = [
        *((name, ctypes.c_uint64) for name in _names.split()),
        ("auxv_size", ctypes.c_uint32),
        ("exe_fd", ctypes.c_uint32),
    ]


def take_over(request: dict[str, Any]) -> None:
    """Makes this process, just forked, what the request describes. Raises OSError or ValueError where it cannot.

    request: argv, script (empty for `-m ipykernel_launcher`), arguments, environment, cwd, umask,
    limits (name → [soft, hard]), oomScoreAdj (None: as it is).
    """
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    replace_environment(request["environment"])
    show_command(request["argv"], request["environment"])
    sys.argv[:] = [request["script"] or _LAUNCHER, *request["arguments"]]
    if hasattr(sys, "orig_argv"):  # Python ≥ 3.10
        sys.orig_argv[:] = request["argv"]
    forget_what_was_drawn()
    apply_limits(request["limits"], request["oomScoreAdj"])


def show_command(argv: list[str], environment: dict[str, str]) -> None:
    """Makes /proc/PID/cmdline and /proc/PID/environ, and so `ps` and psutil, show these. Raises OSError.

    Needs no privilege, but a Linux with CONFIG_CHECKPOINT_RESTORE, as distributions have it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    after_name = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    field = {number: int(value) for number, value in enumerate(after_name[1:], start=4)}  # as numbered in proc(5)
    arguments = b"".join(os.fsencode(part) + b"\0" for part in argv)
    variables = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
    memory = ctypes.create_string_buffer(arguments + variables)
    start, middle = ctypes.addressof(memory), ctypes.addressof(memory) + len(arguments)
    layout = _MemoryMap(
        start_code=field[26],
        end_code=field[27],
        start_stack=field[28],
        start_data=field[45],
        end_data=field[46],
        start_brk=field[47],
        brk=libc.sbrk(0),
        arg_start=start,
        arg_end=middle,
        env_start=middle,
        env_end=middle + len(variables),
        exe_fd=_NO_FILE,
    )
    _MEMORY[:] = [memory]
    if libc.prctl(_PR_SET_MM, _PR_SET_MM_MAP, ctypes.byref(layout), ctypes.c_ulong(ctypes.sizeof(layout)), 0):
        code = ctypes.get_errno()
        raise OSError(code, "the system does not let a process change what it is shown as: " + os.strerror(code))


def replace_environment(environment: dict[str, str]) -> None:
    """The whole environment: Python's, C's, and that of whatever is started from here."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def forget_what_was_drawn() -> None:
    """Random streams, keys and names that were drawn before the fork are drawn anew: siblings share none."""
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)
    tempfile.tempdir = None  # depends on the environment


def apply_limits(limits: dict[str, list[int]], oom_score_adj: int | None) -> None:
    for name, (soft, hard) in limits.items():
        resource.setrlimit(getattr(resource, name), (soft, hard))
    if oom_score_adj is not None:
        Path("/proc/self/oom_score_adj").write_text(str(oom_score_adj))


def die_with_parent(parent: int) -> None:
    """Has the system kill this process when its parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Makes this process the parent of every descendant whose own parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
