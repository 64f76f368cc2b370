"""A forked kernel is what a started one is: nothing that a notebook can look at tells which it runs in."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import psutil
import pytest

from amltasks.kernels.zygote import Zygote
from tests.kernels.conversing import Kernel, direct, environment, forked, notebook_python

# What a started kernel imports later: with its first magic, or when it ends.
OF_THE_KERNEL = {"IPython", "psutil", "pwd", "tornado"}

PROBE = """
import asyncio, gc, json, locale, os, resource, signal, sys, tempfile, threading, time, warnings
def kind(descriptor):
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").replace(here, "").partition(":")[0]
    except OSError:
        return "closed meanwhile"
here = os.path.dirname(sys.argv[2])
print(json.dumps({
    "sys.argv": [part.replace(here, "") for part in sys.argv],
    "sys.orig_argv": [part.replace(here, "") for part in sys.orig_argv],
    "sys.executable": [sys.executable, sys.prefix, sys.base_prefix],
    "sys.flags": repr(sys.flags), "sys._xoptions": sys._xoptions, "sys.warnoptions": sys.warnoptions,
    "sys.path": sys.path, "sys.meta_path": [repr(type(finder)) for finder in sys.meta_path],
    "modules": sorted(sys.modules) if LISTED else None,
    "__main__": sorted(name for name in vars(sys.modules["__main__"]) if not name.startswith("_i")),
    "__main__.__spec__": repr(getattr(sys.modules["__main__"], "__spec__", "none")),
    "environment": {n: v for n, v in os.environ.items() if n != "JPY_PARENT_PID"},
    "environment of what it starts": sorted(os.popen("env -u JPY_PARENT_PID").read().splitlines()),
    "parent": os.environ["JPY_PARENT_PID"] == str(os.getppid()),
    "cwd": os.getcwd(), "umask": os.umask(os.umask(0)) or os.umask(0o22),
    "session": [os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()],
    "signals": {s.name: repr(signal.getsignal(s)) for s in signal.valid_signals() if isinstance(s, signal.Signals)
                and s is not signal.SIGINT},
    "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
    "ignored by the system": [l for l in open("/proc/self/status") if l.startswith(("SigIgn", "SigBlk", "SigCgt"))],
    "limits": [resource.getrlimit(n) for n in range(16)],
    "priority": [os.nice(0), open("/proc/self/oom_score_adj").read()],
    "threads": sorted(t.name for t in threading.enumerate() if not t.name.startswith("Thread-")),
    "thread count": threading.active_count(),
    "descriptors": sorted({kind(d) for d in os.listdir("/proc/self/fd")}),  # as many as clients have connected by now
    "stdin": [kind(0), sys.stdin.isatty(), sys.stdin.encoding],
    "streams": [(s.encoding, s.errors, s.line_buffering) for s in (sys.__stdout__, sys.__stderr__)],
    "name": open("/proc/self/comm").read(),
    "locale": [locale.setlocale(locale.LC_ALL), time.tzname, tempfile.gettempdir()],
    "gc": [gc.isenabled(), gc.get_threshold()],
    "warnings": [repr(f) for f in warnings.filters if "__main__" in repr(f)],
    "recursion": sys.getrecursionlimit(), "frames": len(__import__("inspect").stack()),
}))
"""


def seen_by(kernel: Kernel, modules: bool) -> dict[str, object]:
    seen: dict[str, object] = kernel.run(PROBE.replace("LISTED", str(modules))).json
    return seen


@pytest.mark.parametrize("preloaded", [False, True])
def test_everything_that_a_notebook_can_ask_has_the_same_answer(
    zygote: Zygote, with_libraries: Zygote, preloaded: bool, tmp_path: Path
) -> None:
    variables = environment(ONLY_HERE="naïve ☃", EMPTY="", PYTHONHASHSEED="")
    with forked(with_libraries if preloaded else zygote, tmp_path, variables) as kernel:
        found = seen_by(kernel, modules=not preloaded)
    with direct(tmp_path, variables) as kernel:
        expected = seen_by(kernel, modules=not preloaded)

    more = set(found.pop("modules") or ()) - set(expected.pop("modules") or ())  # type: ignore[call-overload]
    assert {name.partition(".")[0] for name in more} <= OF_THE_KERNEL
    assert found == expected


def test_other_programs_see_its_command_and_environment_not_the_zygotes(zygote: Zygote, tmp_path: Path) -> None:
    """The mark that clean-up searches for is seen in processes that a kernel forks, too."""
    variables = environment(AMLTASKS_RUN="0123456789abcdef")
    with forked(zygote, tmp_path, variables) as kernel:
        child = int(kernel.run("import os, time\nif not (pid := os.fork()): time.sleep(60)\nprint(pid)").text)
        for process in (psutil.Process(kernel.pid), psutil.Process(child)):
            assert process.cmdline()[1].endswith("launcher.py")
            assert process.cmdline()[-1] == "--HistoryManager.hist_file=:memory:"
            assert process.environ() == variables | {"JPY_PARENT_PID": str(psutil.Process(kernel.pid).ppid())}


def test_limits_and_oom_score_are_those_that_were_asked_for(zygote: Zygote, tmp_path: Path) -> None:
    limits = {"RLIMIT_NOFILE": (200, 200), "RLIMIT_AS": (8_000_000_000, resource.RLIM_INFINITY)}
    with forked(zygote, tmp_path, limits=limits, oom_score_adj=500) as kernel:
        told = kernel.run(
            "import resource as r; print([r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_AS)],"
            " open('/proc/self/oom_score_adj').read())"
        )

    assert told.text.split() == ["[(200,", "200),", "(8000000000,", "-1)]", "500"]


def test_the_umask_is_that_of_whoever_asks(zygote: Zygote, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with forked(zygote, tmp_path) as kernel:
            kernel.run("open('made', 'w').close()")
    finally:
        os.umask(before)

    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o640


def test_a_safe_path_is_no_obstacle(tmp_path: Path) -> None:
    """With PYTHONSAFEPATH the interpreter does not look beside the program it is given."""
    variables = environment(PYTHONSAFEPATH="1")
    with Zygote.begin(notebook_python(), variables) as begun, forked(begun, tmp_path, variables) as kernel:
        found = kernel.run("import sys; print(sys.path)").text
    with direct(tmp_path, variables) as kernel:
        assert found == kernel.run("import sys; print(sys.path)").text


SETTINGS = """
import json, matplotlib.pyplot, numpy, pandas, pyarrow, scipy, sklearn, warnings
print(json.dumps([
    pandas.describe_option(_print_desc=False), {k: str(v) for k, v in matplotlib.rcParams.items()},
    matplotlib.get_backend(), numpy.get_printoptions(), numpy.geterr(), sklearn.get_config(),
    pyarrow.cpu_count(), pyarrow.default_memory_pool().backend_name, sorted(map(repr, warnings.filters)),
    pandas.DataFrame([range(40)]).to_string(), repr(pandas.DataFrame([range(40)])),
], default=str))
"""


def test_preloaded_libraries_have_the_settings_that_they_would_have(with_libraries: Zygote, tmp_path: Path) -> None:
    """Some choose them when they are imported, by the shell, the environment or the terminal that they find."""
    with forked(with_libraries, tmp_path) as kernel:
        found = kernel.run(SETTINGS).json
    with direct(tmp_path) as kernel:
        kernel.run("import pyarrow, scipy.stats, sklearn.linear_model")
        assert found == kernel.run(SETTINGS).json
