"""What becomes of notebooks whose kernels cannot be forked, or are stopped while they are: nothing is lost or left."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from amltasks.kernels.switch import START
from amltasks.platforms.base import NotebookRun, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.platforms.local.workers import Workers
from amltasks.platforms.local.zygotes import Zygotes
from amltasks.report.model import NotebookResult, Outcome
from tests.notebooks.running import notebook_python, start_nursery, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")

# Of a forked kernel the parent's parent is the zygote; of one that was started, it is the nursery.
FORKED = "import os, psutil\nprint('forked:', 'zygote.py' in ' '.join(psutil.Process(os.getppid()).parent().cmdline()))"


class Warm:
    """A compute with a zygote of its own."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.python = python
        self.zygotes = Zygotes()
        self.zygotes.begin(python)
        (zygote,) = self.zygotes._zygotes.values()
        self.zygote = psutil.Process(zygote.pid)
        self.compute = LocalCompute(Workers(start_nursery()), self.zygotes)

    def run(self, name: str, *cells: str, stop: Stop | None = None, after: float = 0) -> NotebookResult:
        """after: seconds until `stop` is set."""
        source = write_notebook(self.folder / f"{name}.ipynb", cells)
        (self.folder / name).mkdir()
        run = NotebookRun(
            run_id=name,
            source=source,
            notebook=source.name,
            python=self.python,
            working_directory=self.folder,
            folder=self.folder / name,
        )

        async def stoppable() -> NotebookResult:
            if stop is not None:
                asyncio.get_running_loop().call_later(after, stop.set, "cancelled")
            return await self.compute.run(run, lambda event: None, Stop() if stop is None else stop)

        return asyncio.run(stoppable())


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where processes put what is theirs: a short path, as sockets want it."""
    folder = Path(tempfile.mkdtemp(prefix="amlt-"))
    monkeypatch.delenv(START, raising=False)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def warm(tmp_path: Path, temporary: Path) -> Iterator[Callable[..., Warm]]:
    made: list[Warm] = []

    def make(python: str = "") -> Warm:
        made.append(Warm(tmp_path, python or notebook_python()))
        return made[-1]

    yield make
    for each in made:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.zygote.resume()
        each.compute.close()


def log_of(result: NotebookResult) -> str:
    assert result.folder is not None
    return (result.folder / "console.log").read_text(encoding="utf-8")


def soon(condition: Callable[[], bool], within: float = 60) -> bool:
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_after_the_death_of_their_zygote_kernels_start_by_themselves_with_a_note(warm: Callable[..., Warm]) -> None:
    started = warm()
    started.zygotes.preload(())
    first = started.run("first", FORKED)
    started.zygote.kill()
    started.zygote.wait()
    second = started.run("second", FORKED)

    assert (first.outcome, first.notes) == (Outcome.PASSED, ())
    assert "forked: True" in log_of(first)
    assert second.outcome is Outcome.PASSED
    assert "forked: False" in log_of(second)
    (note,) = second.notes
    assert note.startswith("The kernel could not be forked (no zygote answers: ")


@pytest.mark.long
def test_a_zygote_that_hangs_is_waited_for_once(warm: Callable[..., Warm]) -> None:
    started = warm()
    started.zygotes.preload(())
    started.zygote.suspend()
    first = started.run("first", FORKED)
    began = time.monotonic()
    second = started.run("second", FORKED)

    assert time.monotonic() - began < 20  # of the thirty seconds that the first one waited
    assert (first.outcome, second.outcome) == (Outcome.PASSED, Outcome.PASSED)
    assert "no kernel after 30" in first.notes[0]
    assert "No such file" in second.notes[0]


def test_a_kernel_that_is_not_ready_soon_after_its_fork_is_ended_and_started_instead(
    warm: Callable[..., Warm], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of IPython are read before a kernel listens: these hold up the forked ones alone."""
    settings = tmp_path / "ipython" / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        "import os, time\nwith open(f'/proc/{os.getppid()}/cmdline') as parent:\n"
        "    if 'zygote.py' in parent.read(): time.sleep(600)"
    )
    monkeypatch.setenv("IPYTHONDIR", str(settings.parents[1]))
    started = warm()
    started.zygotes.preload(())

    result = started.run("notebook", FORKED)

    assert result.outcome is Outcome.PASSED, result.message
    assert "forked: False" in log_of(result)
    (note,) = result.notes
    assert re.fullmatch(
        r"The kernel could not be forked \(no kernel after \d+\.\d s\); it was started by itself\.", note
    )
    assert soon(lambda: not started.zygote.children())


@pytest.mark.parametrize(
    ("source", "broken"),
    [
        ("import ctypes; ctypes.string_at(0)", True),
        ("raise ValueError('when it is imported')", True),
        ("import threading; threading.Thread(target=threading.Event().wait).start()", False),
    ],
)
def test_a_library_that_bears_no_import_beforehand_costs_forks_and_no_result(
    source: str, broken: bool, warm: Callable[..., Warm], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the zygote is worth a note; that it refuses to fork, for a thread, is not."""
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "unfit.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    started = warm()
    started.zygotes.preload(("unfit",))

    result = started.run("notebook", FORKED)

    assert result.outcome is Outcome.PASSED
    assert "forked: False" in log_of(result)
    assert [note.startswith("The kernel could not be forked") for note in result.notes] == [True] * broken


def test_an_interpreter_without_ipykernel_is_said_as_where_nothing_is_forked(
    warm: Callable[..., Warm], tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", symlinks=True, with_pip=False)
    started = warm(str(tmp_path / "bare" / "bin" / "python"))
    started.zygotes.preload(())

    result = started.run("notebook", "1")

    assert result.outcome is Outcome.KERNEL_MISSING
    assert "ipykernel is not installed" in result.message


def test_a_stop_while_a_kernel_is_forked_leaves_nothing(warm: Callable[..., Warm], temporary: Path) -> None:
    """Ten moments of a start, from before the fork to the first cell."""
    started = warm()
    started.zygotes.preload(())
    assert started.run("before", "1").outcome is Outcome.PASSED
    there = set(temporary.iterdir())

    for number in range(10):
        result = started.run(f"stopped {number}", "import time; time.sleep(60)", stop=Stop(), after=number * 0.015)
        assert result.outcome is Outcome.CANCELLED

    assert soon(lambda: not started.zygote.children())
    assert soon(lambda: set(temporary.iterdir()) == there)


def test_a_stop_while_the_zygote_hangs_leaves_nothing_when_it_goes_on(
    warm: Callable[..., Warm], temporary: Path
) -> None:
    started = warm()
    started.zygotes.preload(())
    assert started.run("before", "1").outcome is Outcome.PASSED
    there = set(temporary.iterdir())
    started.zygote.suspend()

    began = time.monotonic()
    result = started.run("stopped", "import time; time.sleep(60)", stop=Stop(), after=0.3)

    assert result.outcome is Outcome.CANCELLED
    assert time.monotonic() - began < 20  # and not the thirty seconds for a zygote that hangs
    started.zygote.resume()
    assert started.run("after", "1").outcome is Outcome.PASSED
    assert soon(lambda: not started.zygote.children())
    assert soon(lambda: set(temporary.iterdir()) == there)
