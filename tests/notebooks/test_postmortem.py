"""What is known of a kernel that died, whichever way it was started."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from amltasks.limits import Limits
from amltasks.notebooks.watching import Watch
from tests.notebooks.running import run_notebook, write_notebook

LIVES = "import time\nblock = bytearray(b'x') * 300_000_000\ntime.sleep(1.6)\ndel block\ntime.sleep(1.6)"
DIES = "print('so far', flush=True)\ntime.sleep(0.3)\ndef crash():\n    import ctypes\n    ctypes.string_at(0)\ncrash()"


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("start", ["fork", "direct"])
def test_a_crash_leaves_its_signal_memory_stack_and_last_output(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMLTASKS_START", start)
    notebook = write_notebook(tmp_path / "crash.ipynb", [LIVES, DIES])

    result = run_notebook(notebook, tmp_path).result

    death = result.kernel_death
    assert death is not None
    assert (death.signal, death.exit_code, death.limit, death.out_of_memory) == ("SIGSEGV", None, None, None)
    assert death.peak_memory is not None
    assert death.peak_memory > 300_000_000
    assert death.memory is not None
    assert max(death.memory.values) > 300_000_000 > 2 * death.memory.values[-1]
    for line in ("so far", "Fatal Python error: Segmentation fault", "in string_at", "in crash"):
        assert line in death.last_output


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("start", ["fork", "direct"])
def test_a_kernel_that_dies_with_its_first_cell_has_its_memory_told_as_well(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMLTASKS_START", start)
    notebook = write_notebook(tmp_path / "gone.ipynb", ["import os; os.kill(os.getpid(), 9)"])

    result = run_notebook(notebook, tmp_path).result

    assert result.kernel_death is not None
    assert result.kernel_death.peak_memory is not None
    assert result.kernel_death.peak_memory > 10_000_000


def test_the_memory_of_a_long_run_is_a_short_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty points at most, whatever the time; the highest is never lost."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watch = Watch(os.getpid(), Limits())
    watch.stop()
    for sample in range(20_000):
        now = sample * 0.5
        watch._plot(5_000 if sample == 777 else 1_000 - sample // 100)

    curve = watch.curve()

    assert curve is not None
    assert 30 <= len(curve.values) <= 60
    assert 20_000 * 0.5 <= curve.step * 60 < 2 * 20_000 * 0.5 + 60
    assert curve.values[int(777 * 0.5 / curve.step)] >= 5_000
    assert curve.values[-1] < 900
