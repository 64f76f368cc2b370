"""A job as a plain process of this machine: what it leaves is what an agent's run leaves."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from amltasks.notebooks.records import EndingReason, RunEnding
from amltasks.notebooks.wire import Decoder, Told
from amltasks.platforms.azureml.collecting import collect, rescue
from amltasks.platforms.azureml.connection import Workspace
from amltasks.platforms.azureml.inside import FOLDER, MARK, VARIABLE
from amltasks.platforms.azureml.snapshot import files_of, make_snapshot
from amltasks.platforms.base import CellFinished, KernelStarted, NotebookRun, RunEvent, Stop
from amltasks.report.model import CellOutcome, NotebookResult, Outcome
from tests.azureml.equal import essence
from tests.notebooks.corpus import Sample, differences, samples, seen
from tests.notebooks.running import SHARED, Ran, code, compute, notebook_python, write_notebook

NOTEBOOKS: dict[str, Sequence[dict[str, Any] | str]] = {
    "passes": [
        code("alpha = 1", "parameters"),
        "print('alpha is', alpha)",
        "import matplotlib.pyplot as p; p.plot([1])",
    ],
    "fails": ["x = 1", "1 / 0", "print('not reached')"],
    "dies": ["print('before', flush=True)", "import os; os._exit(7)", "x = 1"],
    "exits": ["print(1)", "import sys; sys.exit(0)", "print(2)"],
    "expects": [code("raise ValueError('meant')", "raises-exception"), "import helper; print(helper.WORD)"],
}


@pytest.fixture(scope="module", autouse=True)
def _kernels() -> None:
    if not Path(notebook_python()).exists():
        pytest.skip("no interpreter for notebooks")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repo" / "nb"
    folder.mkdir(parents=True)
    (folder / "helper.py").write_text("WORD = 'helped'\n")
    for name, cells in NOTEBOOKS.items():
        write_notebook(folder / f"{name}.ipynb", cells, kernelspec={"name": "python3", "language": "python"})
    return tmp_path / "repo"


def run_of(root: Path, name: str, **more: Any) -> NotebookRun:
    source = root / "nb" / f"{name}.ipynb"
    folder = root.parent / "out" / name
    folder.mkdir(parents=True, exist_ok=True)
    return NotebookRun(
        run_id=name,
        source=source,
        notebook=f"nb/{name}.ipynb",
        working_directory=source.parent,
        python=notebook_python(),
        folder=folder,
        **more,
    )


def start_job(run: NotebookRun, root: Path, folder: Path) -> subprocess.Popen[bytes]:
    """The job in its folder, as a node starts it; this interpreter has what the runner needs."""
    make_snapshot(folder, files_of(run, root), root, Workspace(subscription="s", resource_group="g", name="w"))
    sent = run.model_copy(
        update={
            "source": run.source.relative_to(root),
            "working_directory": run.working_directory.relative_to(root),
            "folder": FOLDER,
            "secrets": {},
        }
    )
    environment = {**os.environ, VARIABLE: sent.model_dump_json(by_alias=True, exclude_defaults=True)}
    command = [sys.executable, ".amltasks/start.py"]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, start_new_session=True)


def in_a_job(run: NotebookRun, root: Path, tmp_path: Path) -> tuple[NotebookResult, list[RunEvent], int]:
    """What the agent makes of the job, the events in its log, and its exit code."""
    folder = tmp_path / "job" / run.run_id
    folder.mkdir(parents=True)
    job = start_job(run, root, folder)
    log, _ = job.communicate(timeout=120)
    events = [message.event for message in Decoder(MARK).feed(log) if isinstance(message, Told)]
    result = collect(folder / FOLDER, run)
    assert result is not None, log.decode()
    return result, events, job.returncode


def on_the_agent(run: NotebookRun, tmp_path: Path) -> NotebookResult:
    folder = tmp_path / "agent" / run.run_id
    folder.mkdir(parents=True)
    return asyncio.run(compute().run(run.model_copy(update={"folder": folder}), lambda _: None, Stop()))


@pytest.mark.parametrize("name", sorted(NOTEBOOKS))
def test_the_same_result_as_on_the_agent(name: str, root: Path, tmp_path: Path) -> None:
    run = run_of(root, name, parameters={"alpha": 2} if name == "passes" else {})

    remote, events, code = in_a_job(run, root, tmp_path)

    local = on_the_agent(run, tmp_path)
    assert essence(remote) == essence(local)
    assert remote.folder == run.folder
    assert all(artefact.path.is_relative_to(run.folder) for artefact in remote.artefacts)
    assert code == (0 if local.ok else 1)
    assert isinstance(events[0], KernelStarted)
    finished = [event.cell.outcome for event in events if isinstance(event, CellFinished)]
    assert finished[:1] == [cell.outcome for cell in remote.cells][:1]


def test_a_secret_that_the_job_did_not_know_is_taken_out_here(root: Path, tmp_path: Path) -> None:
    secret = "correct-horse-battery"
    write_notebook(root / "nb" / "leaks.ipynb", [f"print('{secret}')"])
    run = run_of(root, "leaks", secrets={"TOKEN": secret})

    result, _, _ = in_a_job(run, root, tmp_path)

    assert result.leaks == ("TOKEN",)
    left = [path for path in run.folder.rglob("*") if path.is_file()]
    assert left
    assert not [path for path in left if secret in path.read_text("utf-8", "replace")]
    assert secret not in result.model_dump_json()


def test_a_cancelled_job_leaves_what_it_has_done(root: Path, tmp_path: Path) -> None:
    write_notebook(root / "nb" / "long.ipynb", ["1", "import time; print('begun', flush=True); time.sleep(100)"])
    run = run_of(root, "long")
    folder = tmp_path / "job"
    folder.mkdir()
    job = start_job(run, root, folder)
    wait_for(lambda: "begun" in read(folder / FOLDER / "console.log"))

    job.send_signal(signal.SIGTERM)

    job.communicate(timeout=120)
    result = collect(folder / FOLDER, run)
    assert result is not None
    assert result.outcome is Outcome.CANCELLED
    assert [cell.outcome.value for cell in result.cells] == ["passed", "cancelled"]


def test_of_a_job_that_was_killed_the_saved_cells_are_rescued(root: Path, tmp_path: Path) -> None:
    write_notebook(root / "nb" / "long.ipynb", ["print('done')", "import time; time.sleep(100)"])
    run = run_of(root, "long")
    folder = tmp_path / "job"
    folder.mkdir()
    job = start_job(run, root, folder)
    wait_for(lambda: b'"record"' in (read_bytes(folder / FOLDER / "executed.journal")))

    os.killpg(job.pid, signal.SIGKILL)

    job.communicate(timeout=120)
    assert collect(folder / FOLDER, run) is None
    ending = RunEnding(reason=EndingReason.DIED, detail="the node was taken away")
    result = rescue(folder / FOLDER, run, ending, datetime.now(timezone.utc), [])
    assert result is not None
    assert result.cells[0].outcome is CellOutcome.PASSED
    assert result.outcome is Outcome.KERNEL_DIED


@pytest.mark.long
@pytest.mark.parametrize("sample", [pytest.param(sample, id=sample.id) for sample in samples()])
def test_a_real_notebook_has_the_same_outcome_in_a_job(sample: Sample, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    shutil.copytree(SHARED / sample.path.relative_to(SHARED).parts[0], root / "nb")
    source = root / "nb" / Path(*sample.path.relative_to(SHARED).parts[1:])
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode | 0o700)
    run = run_of(root, source.stem, cell_timeout=sample.cell_timeout if sample.fast else 300).model_copy(
        update={
            "source": source,
            "working_directory": source.parent,
            "notebook": source.name,
            "files": (root / "nb",),  # some read what is beside their folder
        }
    )

    result, _, _ = in_a_job(run, root, tmp_path)

    assert differences(sample.expect, seen(Ran(result))) == [], result.message


def wait_for(condition: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def read(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() else ""


def read_bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
