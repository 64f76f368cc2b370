"""What papermill's users count on, in notebooks of our own; tests/fidelity compares with papermill itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.running import code, notebook_python, run_notebook, write_notebook

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def jupyter_path(tmp_path: Path) -> Path:
    """Where Jupyter finds an IPython kernel as ipykernel installs it, called `named`."""
    spec = tmp_path / "jupyter" / "kernels" / "named"
    spec.mkdir(parents=True)
    command = [notebook_python(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "Named", "language": "python", "env": {"FROM_THE_SPEC": "yes"}}
    (spec / "kernel.json").write_text(json.dumps(kernel))
    return tmp_path / "jupyter"


def test_a_result_that_is_known_by_an_id_keeps_its_count(tmp_path: Path) -> None:
    """What a later cell shows under that id takes its place and leaves its count."""
    send = (
        "kernel = get_ipython().kernel\n"
        "def send(kind, text, **more):\n"
        "    content = {'data': {'text/plain': text}, 'metadata': {}, 'transient': {'display_id': 'x'}, **more}\n"
        "    kernel.session.send(kernel.iopub_socket, kind, content, parent=get_ipython().parent_header)"
    )
    cells = [send, "send('execute_result', 'first', execution_count=2)", "send('update_display_data', 'last')"]

    ran = run_notebook(write_notebook(tmp_path / "nb.ipynb", cells, **PYTHON), tmp_path / "out")

    (output,) = ran.notebook["cells"][1]["outputs"]
    assert (output["execution_count"], output["data"]) == (2, {"text/plain": ["last"]})


def test_what_need_not_run_is_completed_and_what_was_not_reached_is_pending(tmp_path: Path) -> None:
    cells = [code(""), code("never", "skip-execution"), code("1 / 0"), code(""), code("unreached")]

    ran = run_notebook(write_notebook(tmp_path / "nb.ipynb", cells, **PYTHON), tmp_path / "out")

    statuses = [cell["metadata"]["papermill"]["status"] for cell in ran.notebook["cells"]]
    assert statuses == ["completed", "completed", "failed", "pending", "pending"]


def test_an_installed_ipython_kernel_keeps_no_history_on_disk(
    tmp_path: Path, jupyter_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parallel kernels would wait for each other's lock on the file."""
    monkeypatch.setenv("JUPYTER_PATH", str(jupyter_path))
    source = write_notebook(tmp_path / "nb.ipynb", ["print(get_ipython().history_manager.hist_file)"], **PYTHON)

    ran = run_notebook(source, tmp_path / "out", kernel="named")

    assert ran.output(0) == ":memory:\n"


def test_papermills_command_with_this_engine_uses_the_kernel_that_is_named(tmp_path: Path, jupyter_path: Path) -> None:
    cells = ["import os, sys\nprint(sys.executable, os.environ['FROM_THE_SPEC'])"]
    spec = {"kernelspec": {"name": "named", "display_name": "Named", "language": "python"}}
    source = write_notebook(tmp_path / "nb.ipynb", cells, **spec)
    environment = {**os.environ, "JUPYTER_PATH": str(jupyter_path)}
    command = [sys.executable, "-m", "papermill", "--engine", "amltasks", str(source), str(tmp_path / "done.ipynb")]

    subprocess.run(command, check=True, capture_output=True, env=environment)

    done = json.loads((tmp_path / "done.ipynb").read_bytes())
    assert "".join(done["cells"][0]["outputs"][0]["text"]) == f"{notebook_python()} yes\n"
