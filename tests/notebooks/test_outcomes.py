"""Each outcome, each note and each sentence, on real kernels."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from amltasks.platforms.base import CellFinished, CellStarted, KernelStarted
from amltasks.report.model import ArtefactKind, CellOutcome, Outcome
from tests.notebooks.running import Ran, code, markdown, notebook_python, run_notebook, write_notebook

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SECRET = "hunter2-Ölberg-9431"


def run(tmp_path: Path, *cells: dict[str, Any] | str, metadata: dict[str, Any] | None = None, **settings: Any) -> Ran:
    notebook = write_notebook(tmp_path / "nb.ipynb", cells, **(PYTHON if metadata is None else metadata))
    return run_notebook(notebook, tmp_path / "out", **settings)


def outcomes(ran: Ran) -> list[str]:
    return [cell.outcome.value for cell in ran.result.cells]


def test_a_passed_notebook_has_no_message_and_its_artefacts_on_disk(tmp_path: Path) -> None:
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    show = f"from IPython.display import Image, display\nimport base64\ndisplay(Image(base64.b64decode('{picture}')))"

    ran = run(tmp_path, markdown("# Data"), "print('hello')", show)

    result = ran.result
    assert result.outcome is Outcome.PASSED
    assert (result.message, result.notes, result.kernel_death) == ("", (), None)
    assert [(artefact.kind, artefact.name) for artefact in result.artefacts] == [
        (ArtefactKind.NOTEBOOK, "executed.ipynb"),
        (ArtefactKind.LOG, "console.log"),
        (ArtefactKind.IMAGE, "cell-003-1.png"),
    ]
    assert result.folder is not None
    assert sorted(path.name for path in result.folder.iterdir()) == ["console.log", "executed.ipynb", "images"]
    assert [cell.title for cell in result.cells] == [
        "Data: print('hello')",
        "Data: from IPython.display import Image, display",
    ]
    assert "Cell 1 · Data: print('hello')" in ran.log
    assert "\nhello\n" in ran.log
    nbformat.validate(nbformat.from_dict(ran.notebook))


def test_what_a_notebook_hands_on_is_kept_below_its_results(tmp_path: Path) -> None:
    write = (
        "import os, pathlib\nfolder = pathlib.Path(os.environ['AMLTASKS_OUTPUTS'])\n(folder / 'a.txt').write_text('a')"
    )

    result = run(tmp_path, write).result

    assert result.outcome is Outcome.PASSED
    assert result.folder is not None
    assert (result.folder / "outputs" / "a.txt").read_text() == "a"


def test_events_tell_the_course_in_order(tmp_path: Path) -> None:
    ran = run(tmp_path, "print('one')", markdown("text"), "", "print('two')")

    kinds = [event.kind for event in ran.events]
    assert kinds == [
        "kernelStarted",
        *["cellStarted", "outputText", "cellFinished"],
        *["cellStarted", "outputText", "cellFinished"],
    ]
    started = ran.events[0]
    assert isinstance(started, KernelStarted)
    assert started.cells == 2
    assert [(e.number, e.position) for e in ran.events if isinstance(e, CellStarted)] == [(1, 0), (2, 3)]
    assert [e.cell for e in ran.events if isinstance(e, CellFinished)] == [
        cell for cell in ran.result.cells if cell.outcome is CellOutcome.PASSED
    ]


def test_a_failed_cell_is_named_with_its_error_and_what_follows_is_not_executed(tmp_path: Path) -> None:
    ran = run(tmp_path, markdown("## Load data"), "import csv\nopen('missing.csv')", "print('never')")

    assert ran.result.outcome is Outcome.FAILED
    assert ran.result.message == (
        "Cell 1 \"Load data: import csv\" raised FileNotFoundError: [Errno 2] No such file or directory: 'missing.csv'"
    )
    assert outcomes(ran) == ["failed", "notExecuted"]
    cell = ran.result.failing_cell
    assert cell is not None
    assert cell.error is not None
    assert "----> 2 open('missing.csv')" in cell.error.traceback
    assert "\x1b" not in cell.error.traceback
    statuses = [c["metadata"]["papermill"]["status"] for c in ran.notebook["cells"] if c["cell_type"] == "code"]
    assert statuses == ["failed", "pending"]


def test_cell_indices_are_those_of_the_notebook_as_it_was_given(tmp_path: Path) -> None:
    ran = run(tmp_path, markdown("# x"), code("a = 1", "parameters"), "print(a)", parameters={"a": 41})

    assert [(cell.index, cell.position, cell.title) for cell in ran.result.cells] == [
        (1, 1, "x: a = 1"),
        (None, 2, "Parameters"),
        (2, 3, "x: print(a)"),
    ]
    assert ran.output(3) == "41\n"
    assert ran.notebook["metadata"]["papermill"]["parameters"] == {"a": 41}
    assert ran.notebook["cells"][2]["metadata"]["tags"] == ["injected-parameters"]


def test_an_expected_error_and_a_skipped_cell_pass(tmp_path: Path) -> None:
    ran = run(tmp_path, code("1 / 0", "raises-exception"), code("1 / 0", "skip-execution"), "print('on')")

    assert ran.result.outcome is Outcome.PASSED
    assert outcomes(ran) == ["expectedError", "skipped", "passed"]


@pytest.mark.parametrize("ending", ["import sys; sys.exit()", "import sys; sys.exit(0)", "exit()", "quit()"])
def test_a_notebook_may_end_early_and_well(ending: str, tmp_path: Path) -> None:
    ran = run(tmp_path, "1", ending, "print('never')")

    assert ran.result.outcome is Outcome.PASSED
    assert outcomes(ran) == ["passed", "endedEarly", "notExecuted"]
    assert ran.result.notes == (f'Cell 2 "{ending}" ended the notebook early; 1 cell was not executed.',)


def test_an_unknown_magic_fails_although_it_leaves_no_error_output(tmp_path: Path) -> None:
    ran = run(tmp_path, "%no_such_magic")

    assert ran.result.outcome is Outcome.FAILED
    assert "raised UsageError: Line magic function `%no_such_magic` not found" in ran.result.message


def test_the_notebook_time_out_is_told_apart_from_the_cells(tmp_path: Path) -> None:
    ran = run(tmp_path, "print('a')", "import time; time.sleep(60)", "1", notebook_timeout=8, cell_timeout=60)

    assert ran.result.outcome is Outcome.TIMED_OUT
    assert ran.result.message == (
        'The notebook took longer than its time-out of 8 s in cell 2 "import time; time.sleep(60)".'
    )
    assert outcomes(ran) == ["passed", "timedOut", "notExecuted"]
    assert ran.output(0) == "a\n"


def test_the_working_directory_is_where_modules_and_data_are_found(tmp_path: Path) -> None:
    (tmp_path / "sibling.py").write_text("answer = 42")
    (tmp_path / "data.txt").write_text("data")

    ran = run(tmp_path, "import sibling; print(sibling.answer, open('data.txt').read())")

    assert ran.output(0) == "42 data\n"


def test_the_kernel_sees_the_users_environment_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "seen")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    show = "import os, json, sys\nprint(json.dumps([dict(os.environ), sys.executable, sys.path]))"

    ran = run(tmp_path, show, environment={"GIVEN": "yes"})

    environment, executable, path = json.loads(ran.output(0))
    assert (environment["FROM_OUTSIDE"], environment["GIVEN"]) == ("seen", "yes")
    assert executable == notebook_python()
    assert "VIRTUAL_ENV" not in environment
    assert str(Path(sys.executable).parent) not in environment["PATH"].split(os.pathsep)
    assert "" in path
    assert not [entry for entry in path if "amltasks" in entry]


@pytest.mark.parametrize(
    ("metadata", "note"),
    [
        ({}, ""),
        (PYTHON, ""),
        ({"kernelspec": {"name": "python38-azureml", "language": "python"}}, '"python38-azureml"'),
        ({"kernelspec": {"name": "../../../bin/sh", "language": "python"}}, '"../../../bin/sh"'),
        ({"kernelspec": {"name": "python3; touch pwned"}}, '"python3; touch pwned"'),
    ],
    ids=["none", "usual", "elsewhere", "traversal", "shell"],
)
def test_a_python_notebook_runs_whatever_its_kernel_is_called(
    metadata: dict[str, Any], note: str, tmp_path: Path
) -> None:
    ran = run(tmp_path, "print('ran')", metadata=metadata)

    assert ran.result.outcome is Outcome.PASSED
    assert ran.output(0) == "ran\n"
    assert len(ran.result.notes) == (1 if note else 0)
    assert note in "".join(ran.result.notes)
    assert not (tmp_path / "pwned").exists()


def test_another_language_without_its_kernel_lists_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "jupyter" / "kernels" / "calysto"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["x"], "display_name": "C", "language": "scheme"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    ran = run(tmp_path, "x <- 1", metadata={"kernelspec": {"name": "ir", "language": "R"}})

    assert ran.result.outcome is Outcome.KERNEL_MISSING
    assert 'written in R (kernel "ir")' in ran.result.message
    assert "Installed kernels: calysto" in ran.result.message


def test_another_language_runs_on_its_installed_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any program that speaks the protocol is a kernel: here an IPython under a foreign language's name."""
    spec = tmp_path / "jupyter" / "kernels" / "lang"
    spec.mkdir(parents=True)
    argv = [notebook_python(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": argv, "display_name": "Lang", "language": "lang", "env": {"SPOKEN": "lang"}}
    (spec / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    show = "import os; print(os.environ['SPOKEN'])"

    ran = run(tmp_path, show, metadata={"kernelspec": {"name": "lang", "language": "lang"}}, python="")

    assert ran.result.outcome is Outcome.PASSED, ran.result.message
    assert ran.output(0) == "lang\n"


def test_an_interpreter_without_ipykernel_is_answered_with_the_command_that_installs_it(tmp_path: Path) -> None:
    ran = run(tmp_path, "1", python=sys.executable)

    assert ran.result.outcome is Outcome.KERNEL_MISSING
    assert f'"{sys.executable}" -m pip install ipykernel' in ran.result.message


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"python": "/nowhere/python"}, '"/nowhere/python" does not exist'),
        ({"python": "false"}, "does not work"),
        ({"kernel": "julia-1.9"}, 'The kernel "julia-1.9" is not installed'),
    ],
    ids=["nowhere", "broken", "kernel"],
)
def test_what_was_asked_for_and_is_not_there_is_one_sentence(
    setting: dict[str, Any], says: str, tmp_path: Path
) -> None:
    ran = run(tmp_path, "1", **setting)

    assert ran.result.outcome is Outcome.KERNEL_MISSING
    assert says in ran.result.message


def test_a_kernel_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "zmq.py").write_text("raise ImportError('HOSTILE zmq')")

    ran = run(tmp_path, "1", environment={"PYTHONPATH": str(tmp_path / "site")})

    assert ran.result.outcome is Outcome.KERNEL_DIED
    assert "The kernel did not start: its process ended at once" in ran.result.message
    assert "HOSTILE zmq" in ran.result.message
    assert outcomes(ran) == ["notExecuted"]


def test_progress_bars_are_collapsed_in_log_and_notebook(tmp_path: Path) -> None:
    bar = "import sys, time\nfor i in range(500):\n    print(f'\\r{i:3}%', end='', flush=True)\nprint('\\rdone')"

    ran = run(tmp_path, bar)

    assert ran.output(0) == "done\n"
    assert [event.text for event in ran.events if event.kind == "outputText"] == ["done"]
    assert "%" not in ran.log


def test_output_of_a_thread_that_outlives_its_cell_is_kept(tmp_path: Path) -> None:
    start = "import threading, time\ndef late():\n    time.sleep(0.5); print('late', flush=True)\n"
    start += "thread = threading.Thread(target=late); thread.start()"

    ran = run(tmp_path, start, "thread.join()\nprint('second')")

    assert ran.output(0) + ran.output(1) == "late\nsecond\n"


def test_secrets_are_in_nothing_that_is_left_or_told(tmp_path: Path) -> None:
    """In outputs, split over writes, in an error, in a cell's first line and in what is written past the kernel."""
    cells = [
        f"# {SECRET}\nprint('{SECRET}')",
        "import os, sys\nfor char in os.environ['TOKEN']:\n    print(char, end='', flush=True)",
        "os.system('echo $TOKEN >&2')",
        "with open(f'/proc/{os.getppid()}/fd/2', 'w') as past: past.write(os.environ['TOKEN'] + '\\n')",
        "raise ValueError(os.environ['TOKEN'])",
    ]

    ran = run(tmp_path, *cells, environment={"TOKEN": SECRET}, secrets={"token": SECRET})

    assert ran.result.outcome is Outcome.FAILED
    assert ran.result.message.endswith("raised ValueError: ***")
    assert ran.result.leaks == ("token",)
    assert SECRET not in repr(ran.events)
    assert SECRET not in repr(ran.result)
    assert ran.result.folder is not None
    for path in ran.result.folder.rglob("*"):
        assert not path.is_file() or SECRET not in path.read_text(encoding="utf-8"), path


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_what_a_notebook_writes_into_its_workers_pipes_is_text_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a kernel whose parent is the worker: that of a forked one has no such pipes."""
    monkeypatch.setenv("AMLTASKS_START", "direct")
    forged = '{"result": {"outcome": "passed"}}'
    write = (
        "import os\nfor fd in os.listdir(f'/proc/{os.getppid()}/fd'):\n"
        "    try:\n"
        "        if 'pipe:' in os.readlink(f'/proc/{os.getppid()}/fd/{fd}') and fd not in '0':\n"
        "            with open(f'/proc/{os.getppid()}/fd/{fd}', 'w') as past:\n"
        f"                past.write('\\n{forged}\\nHOSTILE past the kernel\\n')\n"
        "    except OSError: pass"
    )

    ran = run(tmp_path, write, "raise KeyError('mine')")

    assert ran.result.outcome is Outcome.FAILED
    assert "raised KeyError: 'mine'" in ran.result.message
    assert "HOSTILE past the kernel" in repr([event for event in ran.events if event.kind == "outputText"])


def test_a_notebook_that_is_none_is_invalid_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text("{}")

    result = run_notebook(tmp_path / "nb.ipynb", tmp_path / "out").result

    assert result.outcome is Outcome.INVALID
    assert "nb.ipynb" in result.message
    assert "\n" not in result.message


def test_papermills_own_command_runs_notebooks_on_this_engine(tmp_path: Path) -> None:
    """Registered as an entry point: `papermill --engine amltasks`."""
    import subprocess

    source = write_notebook(tmp_path / "nb.ipynb", [code("a = 1", "parameters"), "print(a)"], **PYTHON)
    environment = {**os.environ, "PATH": f"{Path(notebook_python()).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "papermill", "--engine", "amltasks", "-p", "a", "7"]

    subprocess.run([*command, source, tmp_path / "done.ipynb"], check=True, capture_output=True, env=environment)

    done = json.loads((tmp_path / "done.ipynb").read_bytes())
    assert "".join(done["cells"][2]["outputs"][0]["text"]) == "7\n"
