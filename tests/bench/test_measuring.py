"""A measurement covers every process of a command, in a process of its own: measuring takes all children as its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the bench follows processes through /proc")

MEASURE = """
import json, os, sys
from dataclasses import asdict
from pathlib import Path
from benchmark.measuring import BenchError, measure
try:
    result = asdict(measure(json.loads(sys.argv[1]), folder=Path(), environment=dict(os.environ), log=Path("log"),
                            kernel=sys.argv[2], watch_memory=bool(sys.argv[2])))
except BenchError as error:
    result = {"error": str(error)}
print(json.dumps(result))
"""
BUSY = "import time\nwhile time.process_time() < 0.2: pass\n"
LARGE = "x = bytearray(60_000_000)\nx[::4096] = b'x' * len(x[::4096])\nimport time; time.sleep(1.5)\n"


def measured(folder: Path, code: str, kernel: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps([sys.executable, "-c", code]), kernel],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "scripts")},
        capture_output=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def child(code: str, then: str = "process.wait()") -> str:
    return f"import subprocess, sys\nprocess = subprocess.Popen([sys.executable, '-c', {code!r}])\n{then}\n"


def cpu(folder: Path, code: str) -> float:
    seconds = measured(folder, code)["cpu"]
    if seconds is None:
        pytest.skip("this user may not make control groups, which count CPU time")
    return float(seconds)


def test_cpu_time_of_children_counts(tmp_path: Path) -> None:
    assert cpu(tmp_path, child(BUSY)) >= 0.2


def test_cpu_time_of_a_process_that_outlives_the_command_counts(tmp_path: Path) -> None:
    assert cpu(tmp_path, child(BUSY, then="")) >= 0.2


def test_cpu_time_of_children_that_nobody_waits_for_counts(tmp_path: Path) -> None:
    """A zygote does not wait for its kernels."""
    ignored = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"

    assert cpu(tmp_path, ignored + child(BUSY)) >= 0.2


def test_the_clock_stops_with_the_command_not_with_what_it_leaves_behind(tmp_path: Path) -> None:
    result = measured(tmp_path, child("import time; time.sleep(4)", then=""))

    assert result["seconds"] < 4


def test_what_stays_behind_is_ended_and_spoils_the_measurement(tmp_path: Path) -> None:
    result = measured(tmp_path, child("import time; time.sleep(600)", then=""))

    assert "went on running" in result["error"]


def test_the_exit_code_is_told(tmp_path: Path) -> None:
    assert measured(tmp_path, "raise SystemExit(7)")["exit_code"] == 7


def test_memory_is_that_of_all_processes_and_told_without_the_kernels_too(tmp_path: Path) -> None:
    kernel = tmp_path / "kernel-python"
    kernel.symlink_to(sys.executable)
    both = child(LARGE, then="own = bytearray(60_000_000); own[::4096] = b'x' * len(own[::4096])\nprocess.wait()")

    result = measured(tmp_path, both.replace("sys.executable", repr(str(kernel))), str(kernel))

    assert result["memory"] > 120_000_000
    assert 60_000_000 < result["memory_without_kernels"] < 110_000_000
