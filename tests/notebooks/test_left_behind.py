"""Whatever a notebook has started ends with it, however it hides, in bounded time."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from amltasks.report.model import Outcome
from tests.notebooks.running import left_in, run_notebook, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes as Linux has them")

START = "import os, signal, subprocess, sys, time\n"
SLEEPER = "import time; time.sleep(600)"
DEAF = f"import signal\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\n{SLEEPER}"
# Each hides by one means more than a plain child.
HIDERS = {
    "child": f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])",
    "deaf": f"subprocess.Popen([sys.executable, '-c', {DEAF!r}])",
    "session": f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], start_new_session=True)",
    "no environment": f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], env={{}}, start_new_session=True)",
    "daemon": (
        "until, there = os.pipe()\nif not os.fork():\n    os.setsid()\n    if os.fork(): os._exit(0)\n"
        f"    os.execve(sys.executable, [sys.executable, '-c', {DEAF!r}], {{}})\n"
        "os.close(there)\nos.read(until, 1)"  # until one has ended and the other is another program
    ),
    "grandchildren": "subprocess.Popen(['sh', '-c', 'sleep 600 & sleep 600 & wait'], start_new_session=True)",
    "stopped": f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])\nchild.send_signal(signal.SIGSTOP)",
    # Never the same process for long: one that is looked for has ended already, and another goes on.
    "relay": "if not os.fork():\n    while True:\n        if os.fork(): os._exit(0)\n        time.sleep(0.001)",
}


@pytest.fixture(params=["fork", "direct"], autouse=True)
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How workers and kernels are started."""
    monkeypatch.setenv("AMLTASKS_START", request.param)


def test_nothing_outlives_its_notebook(tmp_path: Path) -> None:
    cells = [START, *HIDERS.values(), "print('end')"]

    ran = run_notebook(write_notebook(tmp_path / "starts.ipynb", cells), tmp_path)

    assert ran.result.outcome is Outcome.PASSED, ran.result.message
    assert ran.output(len(cells) - 1) == "end\n"
    assert left_in(tmp_path) == []


def test_who_left_the_kernels_session_is_told(tmp_path: Path) -> None:
    """All others end with the kernel, which ends its children itself."""
    notebook = write_notebook(tmp_path / "starts.ipynb", [START + HIDERS["daemon"]])

    result = run_notebook(notebook, tmp_path).result

    assert result.notes == ("1 process(es) that the notebook had left running were ended.",)


def test_what_multiplies_is_cleared_away_after_its_time_out(tmp_path: Path) -> None:
    """512 processes, each of a session of its own and deaf, that the end of the notebook must catch."""
    bomb = (
        f"{START}for n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\n"
        "for _ in range(9):\n    if not os.fork(): os.setsid()\ntime.sleep(600)"
    )
    notebook = write_notebook(tmp_path / "bomb.ipynb", [bomb])
    began = time.monotonic()

    result = run_notebook(notebook, tmp_path, cell_timeout=2).result

    assert result.outcome is Outcome.TIMED_OUT
    assert left_in(tmp_path) == []
    assert time.monotonic() - began < 120
