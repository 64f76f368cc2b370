"""Limits of a notebook hold for kernels of both kinds and for what they start; passing one is told as what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from amltasks.limits import Limits
from amltasks.notebooks.cgroups import ControlGroup
from amltasks.report.model import Outcome
from tests.notebooks.running import left_in, run_notebook, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")

MEMORY = Limits(memory=600_000_000)


@pytest.fixture(params=["fork", "direct"], autouse=True)
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How workers and kernels are started."""
    monkeypatch.setenv("AMLTASKS_START", request.param)
    return str(request.param)


def test_an_allocation_beyond_the_limit_is_an_error_of_its_cell(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "large.ipynb", ["1", "block = bytearray(700_000_000)"])

    result = run_notebook(notebook, tmp_path, limits=MEMORY).result

    assert result.outcome is Outcome.FAILED
    assert result.message == 'Cell 2 "block = bytearray(700_000_000)" raised MemoryError (memoryLimit is 600 MB)'


def test_native_code_that_gives_up_without_memory_is_told_as_that(tmp_path: Path) -> None:
    """C++ aborts the process where Python would raise MemoryError."""
    source = (
        "import ctypes\nnew = ctypes.CDLL('libstdc++.so.6')._Znwm\nnew.argtypes = [ctypes.c_size_t]\nnew(700_000_000)"
    )
    notebook = write_notebook(tmp_path / "native.ipynb", [source])

    result = run_notebook(notebook, tmp_path, limits=MEMORY).result

    assert result.outcome is Outcome.KERNEL_DIED
    assert "SIGABRT; out of memory: it " in result.message
    assert " refused more, memoryLimit is 600 MB" in result.message


def test_processes_that_need_more_together_are_ended_with_their_notebook(tmp_path: Path) -> None:
    """Each stays within the limit; a daemon that left its parents and their environment counts as well."""
    hog = "import time; block = bytearray(b'x') * 300_000_000; time.sleep(600)"
    detached = f"import os\nif os.fork(): os._exit(0)\nos.setsid()\n{hog}"
    start = (
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {hog!r}])\n"
        f"subprocess.Popen([sys.executable, '-c', {detached!r}], env={{}})\ntime.sleep(600)"
    )
    notebook = write_notebook(tmp_path / "many.ipynb", ["print('begun')", start])

    ran = run_notebook(notebook, tmp_path, limits=MEMORY, cell_timeout=60)

    death = ran.result.kernel_death
    assert ran.result.outcome is Outcome.KERNEL_DIED
    assert death is not None
    assert death.limit is not None
    assert death.limit.startswith("it needed more than memoryLimit 600 MB: 6")
    assert ran.result.message.startswith('The notebook was ended in cell 2 "import subprocess')
    assert ran.output(0) == "begun\n"
    assert death.memory is not None
    assert max(death.memory.values) > 500_000_000
    assert left_in(tmp_path) == []


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    """Four forked workers that read what the notebook has loaded need no memory of their own for that."""
    source = (
        "import os, time\nblock = b'x' * 250_000_000\nfor _ in range(4):\n"
        "    if not os.fork():\n        time.sleep(2)\n        os._exit(0)\ntime.sleep(1.5)\nsum(block[::4096])"
    )
    notebook = write_notebook(tmp_path / "shared.ipynb", [source])

    result = run_notebook(notebook, tmp_path, limits=MEMORY).result

    assert result.outcome is Outcome.PASSED, result.message
    assert result.peak_memory is not None
    assert result.peak_memory > MEMORY.memory  # type: ignore[operator]  # what each can see, added up


def test_more_processes_than_allowed_end_the_notebook(tmp_path: Path) -> None:
    """A bomb, with a fuse: it stops at 256."""
    notebook = write_notebook(
        tmp_path / "bomb.ipynb", ["import os, time\nfor _ in range(8): os.fork()\ntime.sleep(600)"]
    )

    result = run_notebook(notebook, tmp_path, limits=Limits(processes=20), cell_timeout=60).result

    assert result.outcome is Outcome.KERNEL_DIED
    assert result.kernel_death is not None
    assert "more than processLimit 20" in str(result.kernel_death.limit)
    assert "processes" in result.message
    assert left_in(tmp_path) == []


def test_processes_are_counted_while_nobody_can_tell_what_memory_they_have(tmp_path: Path) -> None:
    """That of a process that forks all the time takes seconds to be told. This bomb stops after 15."""
    source = "import os, time\nend = time.monotonic() + 15\nwhile time.monotonic() < end: os.fork()\ntime.sleep(600)"
    notebook = write_notebook(tmp_path / "bomb.ipynb", [source])

    result = run_notebook(notebook, tmp_path, limits=Limits(memory=600_000_000, processes=20), cell_timeout=60).result

    assert result.outcome is Outcome.KERNEL_DIED
    assert result.kernel_death is not None
    assert "more than processLimit 20" in str(result.kernel_death.limit)


def test_too_many_open_files_are_an_error_of_the_cell_and_of_its_children(tmp_path: Path) -> None:
    child = "import os\nfor n in range(300): os.open('/dev/null', os.O_RDONLY)"
    start = (
        f"import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', {child!r}], capture_output=True).stderr)"
    )
    notebook = write_notebook(tmp_path / "files.ipynb", [start, child])

    ran = run_notebook(notebook, tmp_path, limits=Limits(open_files=200))

    assert "Too many open files" in ran.output(0)
    assert ran.result.outcome is Outcome.FAILED
    assert "raised OSError: [Errno 24] Too many open files" in ran.result.message
    assert ran.result.message.endswith("(openFilesLimit is 200)")


def test_output_beyond_the_limit_is_left_out_with_a_note(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "talks.ipynb", ["print('x' * 3_000_000)", "print('end')"])

    ran = run_notebook(notebook, tmp_path, limits=Limits(output=1_000_000))

    assert ran.result.outcome is Outcome.PASSED
    assert ran.result.notes == ("Cell 1: its output was cut after 1 MB.",)
    assert 999_000 < len(ran.output(0)) <= 1_000_000
    assert ran.output(1) == "end\n"


def test_a_notebook_within_its_limits_is_as_ever(tmp_path: Path) -> None:
    source = (
        "import subprocess, sys\nblock = bytearray(200_000_000)\nsubprocess.run([sys.executable, '-c', '1']).returncode"
    )
    limits = Limits(memory=800_000_000, processes=10, open_files=300, output=1_000)

    result = run_notebook(write_notebook(tmp_path / "modest.ipynb", [source]), tmp_path, limits=limits).result

    assert (result.outcome, result.notes) == (Outcome.PASSED, ())


def test_where_a_control_group_was_delegated_the_system_holds_the_limits(tmp_path: Path) -> None:
    """Memory that belongs to no single process counts there as well, and what fills it is ended at once."""
    tried = ControlGroup.make("tried", MEMORY)
    if tried is None:
        pytest.skip("no control group of version 2 with its memory was delegated to these tests")
    tried.remove()
    fills = (
        "import mmap\nblock = mmap.mmap(-1, 800_000_000, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)\n"
        "for place in range(0, len(block), 4096): block[place] = 1"
    )
    notebook = write_notebook(tmp_path / "group.ipynb", ["print(open('/proc/self/cgroup').read())", fills])

    ran = run_notebook(notebook, tmp_path, limits=MEMORY, cell_timeout=120)

    assert "amltasks-" in ran.output(0)
    assert ran.result.outcome is Outcome.KERNEL_DIED
    assert "it needed more than memoryLimit 600 MB" in ran.result.message
    assert list(Path("/sys/fs/cgroup").rglob("amltasks-*")) == []
