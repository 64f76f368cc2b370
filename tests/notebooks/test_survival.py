"""Whatever ends a run, what was executed is on disk and nothing runs on: stop, cancellation, death of each process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from amltasks.errors import ServiceError
from amltasks.platforms.base import CellFinished, CellStarted, NotebookRun, OutputText, RunEvent, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.report.model import CellOutcome, Outcome
from tests.notebooks.running import Ran, notebook_python, run_async, write_notebook

posix = pytest.mark.skipif(os.name != "posix", reason="signals and process groups as POSIX has them")

SECOND_CELL_HANGS = ["print('first')", "import time\nprint('hanging', flush=True)\ntime.sleep(600)", "print('never')"]


def workers() -> list[psutil.Process]:
    """The worker processes that this process has started."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ends just now
            if "amltasks.notebooks.worker" in child.cmdline():
                found.append(child)
    return found


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def gone(processes: list[psutil.Process], within: float = 60.0) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=within)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def run_and_stop(notebook: Path, folder: Path, reason: str) -> tuple[Ran, float]:
    """Runs until a cell says that it hangs, then stops; the seconds from stop to result."""

    async def stopped() -> tuple[Ran, float]:
        stop, moments = Stop(), [0.0]

        def on_event(event: RunEvent) -> None:
            if isinstance(event, OutputText) and "hanging" in event.text:
                moments[0] = time.monotonic()
                stop.set(reason)  # type: ignore[arg-type]

        ran = await run_async(notebook, folder, stop=stop, on_event=on_event)
        return ran, time.monotonic() - moments[0]

    return asyncio.run(stopped())


def stopped_within_two_seconds(notebook: Path, folder: Path, reason: str = "cancelled") -> Ran:
    """Of three runs the first that was; other tests may keep the machine busy for a while."""
    took = []
    for attempt in range(3):
        ran, seconds = run_and_stop(notebook, folder / str(attempt), reason)
        if seconds < 2:
            return ran
        took.append(seconds)
    pytest.fail(f"stopped after {took} seconds")


@pytest.mark.parametrize(
    ("reason", "outcome", "says"),
    [
        ("cancelled", Outcome.CANCELLED, 'The run was cancelled in cell 2 "import time"'),
        ("runTimeout", Outcome.TIMED_OUT, "The time for the whole run was up in cell 2"),
    ],
)
def test_a_stop_ends_within_two_seconds_and_keeps_what_ran(
    reason: str, outcome: Outcome, says: str, tmp_path: Path
) -> None:
    notebook = write_notebook(tmp_path / "hangs.ipynb", SECOND_CELL_HANGS)

    ran = stopped_within_two_seconds(notebook, tmp_path, reason)

    assert ran.result.outcome is outcome
    assert says in ran.result.message
    assert [cell.outcome for cell in ran.result.cells] == [
        CellOutcome.PASSED,
        CellOutcome.CANCELLED,
        CellOutcome.NOT_EXECUTED,
    ]
    assert ran.output(0) == "first\n"
    assert ran.output(1) == "hanging\n"
    assert workers() == []


@posix
def test_a_cell_that_ignores_the_interrupt_is_stopped_within_two_seconds_too(tmp_path: Path) -> None:
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    deaf += "print('hanging', flush=True)\ntime.sleep(600)"
    notebook = write_notebook(tmp_path / "deaf.ipynb", ["1", deaf])

    ran = stopped_within_two_seconds(notebook, tmp_path)

    assert ran.result.outcome is Outcome.CANCELLED
    assert ran.output(1) == "hanging\n"


def test_a_stop_before_the_first_cell_is_a_cancelled_run(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "early.ipynb", ["print('never')"])

    async def stopped_at_once() -> Ran:
        stop = Stop()
        stop.set("cancelled")
        return await run_async(notebook, tmp_path, stop=stop)

    ran = asyncio.run(stopped_at_once())

    assert ran.result.outcome is Outcome.CANCELLED
    assert workers() == []


def test_an_asyncio_cancellation_leaves_no_process(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "hangs.ipynb", SECOND_CELL_HANGS)

    async def cancelled() -> list[psutil.Process]:
        hanging = asyncio.Event()

        def on_event(event: RunEvent) -> None:
            if isinstance(event, CellStarted) and event.number == 2:
                hanging.set()

        task = asyncio.ensure_future(run_async(notebook, tmp_path, on_event=on_event))
        await hanging.wait()
        processes = family(workers()[0])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return processes

    assert gone(asyncio.run(cancelled()))


@posix
def test_a_killed_worker_is_a_result_with_all_cells_that_were_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = write_notebook(tmp_path / "hangs.ipynb", SECOND_CELL_HANGS)
    processes: list[psutil.Process] = []
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def kill(event: RunEvent) -> None:
        if isinstance(event, CellStarted) and event.number == 2:
            processes.extend(family(workers()[0]))
            workers()[0].kill()

    ran = asyncio.run(run_async(notebook, tmp_path, on_event=kill))

    assert ran.result.outcome is Outcome.KERNEL_DIED
    assert "the process that ran the notebook was killed" in ran.result.message
    assert 'cell 2 "import time"' in ran.result.message
    assert [cell.outcome for cell in ran.result.cells] == [
        CellOutcome.PASSED,
        CellOutcome.KERNEL_DIED,
        CellOutcome.NOT_EXECUTED,
    ]
    assert ran.output(0) == "first\n"
    assert {artefact.name for artefact in ran.result.artefacts} == {"executed.ipynb", "console.log"}
    assert gone(processes)
    assert list(tmp_path.glob("amlk-*")) == []


@posix
def test_a_worker_killed_at_any_moment_loses_at_most_the_cell_in_flight(tmp_path: Path) -> None:
    """Five random moments of a notebook of 200 short cells, which would not end by itself."""
    cells = [*(f"print('cell {number}')" for number in range(200)), "import time; time.sleep(600)"]
    notebook = write_notebook(tmp_path / "many.ipynb", cells)
    moments = random.Random(20261121)

    async def killed(folder: Path, after: int, delay: float) -> tuple[Ran, int]:
        finished = 0

        def on_event(event: RunEvent) -> None:
            nonlocal finished
            if isinstance(event, CellFinished):
                finished = event.number
                if finished == after:
                    asyncio.get_running_loop().call_later(delay, workers()[0].kill)

        ran = await run_async(notebook, folder, on_event=on_event)
        return ran, finished

    for attempt in range(5):
        after, delay = moments.randrange(1, 120), moments.random() * 0.02
        ran, finished = asyncio.run(killed(tmp_path / str(attempt), after, delay))

        assert ran.result.outcome is Outcome.KERNEL_DIED
        passed = [cell for cell in ran.result.cells if cell.outcome is CellOutcome.PASSED]
        assert len(passed) >= finished >= after
        assert all(ran.output(cell.position) == f"cell {cell.position}\n" for cell in passed)
        nbformat.validate(nbformat.from_dict(ran.notebook))


@posix
def test_a_notebook_that_kills_its_parent_is_told_as_what_it_is(tmp_path: Path) -> None:
    suicide = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)"
    notebook = write_notebook(tmp_path / "parricide.ipynb", ["1", suicide])

    ran = asyncio.run(run_async(notebook, tmp_path))

    assert ran.result.outcome is Outcome.KERNEL_DIED
    assert "SIGKILL" in ran.result.message
    assert ran.result.failing_cell is not None
    assert ran.result.failing_cell.index == 1


@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_command_dies_worker_and_kernel_end_by_themselves(how: signal.Signals, tmp_path: Path) -> None:
    """The worker's stdin ends; nobody else tells it. What had run by then is on disk."""
    notebook = write_notebook(tmp_path / "hangs.ipynb", SECOND_CELL_HANGS)
    script = tmp_path / "command.py"
    script.write_text(
        f"import sys; sys.path[:0] = {[str(Path(__file__).resolve().parents[2])]!r}\n"
        "import asyncio\nfrom pathlib import Path\nfrom tests.notebooks.running import run_async\n"
        "source, folder = map(Path, sys.argv[1:])\n"
        "asyncio.run(run_async(source, folder, on_event=lambda event: print(event.kind, flush=True)))\n"
    )
    command = subprocess.Popen([sys.executable, script, notebook, tmp_path], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    started = 0
    for line in command.stdout:
        started += line.strip() == "cellStarted"
        if started == 2:
            break
    processes = psutil.Process(command.pid).children(recursive=True)
    assert len(processes) >= 2

    command.send_signal(how)
    command.wait()

    assert gone(processes)
    document = json.loads((tmp_path / "run-hangs" / "executed.ipynb").read_bytes())
    assert document["cells"][0]["outputs"][0]["text"] in ("first\n", ["first\n"])


def test_a_worker_that_cannot_do_its_work_is_a_service_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No amltasks in the interpreter that is to run the worker: the command says so."""
    notebook = write_notebook(tmp_path / "x.ipynb", ["1"])
    monkeypatch.setattr(sys, "executable", notebook_python())
    run = NotebookRun(run_id="x", source=notebook, notebook="x.ipynb", working_directory=tmp_path, folder=tmp_path)

    with pytest.raises(ServiceError, match="No module named 'amltasks'"):
        asyncio.run(LocalCompute().run(run, lambda event: None, Stop()))


@posix
def test_a_full_disk_is_told_and_does_not_change_the_outcome(tmp_path: Path) -> None:
    """A file-size limit refuses like a full disk: the outcome stands, and what could not be written is said."""
    folder = tmp_path / "small"
    notebook = write_notebook(tmp_path / "big.ipynb", ["print('x' * 3_000_000)", "'done'"])
    script = tmp_path / "command.py"
    script.write_text(
        f"import sys; sys.path[:0] = {[str(Path(__file__).resolve().parents[2])]!r}\n"
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "from pathlib import Path\nfrom tests.notebooks.running import run_notebook\n"
        "print(run_notebook(Path(sys.argv[1]), Path(sys.argv[2])).result.model_dump_json())\n"
    )

    done = subprocess.run([sys.executable, script, notebook, folder], capture_output=True, text=True, check=True)

    result = json.loads(done.stdout)
    assert result["outcome"] == "passed"
    assert any("executed.ipynb is not complete" in note and "File too large" in note for note in result["notes"])
    nbformat.validate(nbformat.from_dict(json.loads((folder / "run-big" / "executed.ipynb").read_bytes())))
