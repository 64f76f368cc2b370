"""What notebooks write in the repository, outside of their output folder, is allowed and told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from amltasks.commands.run_notebooks import run_notebooks
from amltasks.platforms.local.compute import LocalCompute
from amltasks.report.model import NotebookResult
from amltasks.requests import RunNotebooksRequest
from tests.notebooks.running import compute, notebook_python, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seen on Linux only")


class SharedCompute(LocalCompute):
    """The one that all tests share, which no command closes."""

    def __init__(self) -> None:
        self.__dict__.update(compute().__dict__)

    def close(self) -> None: ...


def run(root: Path, **settings: str) -> dict[str, NotebookResult]:
    inputs = {"notebooks": "**/*.ipynb", "python": notebook_python(), "outputFolder": "results", **settings}
    request = RunNotebooksRequest.from_inputs(inputs, root, root / "results")
    secrets = {"KEY": "s3cr3t-value"}
    report = run_notebooks(request, [], secrets, compute=SharedCompute())
    return {result.notebook: result for result in report.results}


def test_created_changed_and_deleted_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "old.csv").write_text("x")
    (tmp_path / "data" / "gone.csv").write_text("x")
    (tmp_path / "data" / "replaced.csv").write_text("x")
    cells = [
        "import os\nfrom pathlib import Path\nPath('model.bin').write_bytes(b'1')",
        "with open('data/old.csv', 'a') as file: file.write('more')",
        "os.remove('data/gone.csv')\nPath('data/new').write_text('2')\nos.replace('data/new', 'data/replaced.csv')",
        "Path('came').write_text('and went')\nos.remove('came')",
    ]
    write_notebook(tmp_path / "writes.ipynb", cells)

    result = run(tmp_path)["writes.ipynb"]

    assert result.outcome.value == "passed", result.message
    assert result.notes == (
        "Written outside of its output folder while it ran: 'model.bin' (created), 'data/old.csv' (changed), "
        "'data/gone.csv' (deleted), 'data/replaced.csv' (moved there).",
    )


def test_what_tools_make_and_the_output_folder_do_not_count(tmp_path: Path) -> None:
    cells = [
        "import os, sys\nsys.dont_write_bytecode = False\nimport beside\nassert os.path.exists('__pycache__')",
        "os.makedirs('.git', exist_ok=True)\nopen('.git/index', 'w').close()",
        "open('results/more.txt', 'w').close()",
    ]
    (tmp_path / "beside.py").write_text("x = 1")
    write_notebook(tmp_path / "clean.ipynb", cells)

    result = run(tmp_path)["clean.ipynb"]

    assert (result.outcome.value, result.notes) == ("passed", ())


def test_many_files_are_counted_and_names_that_hold_secrets_are_not_shown(tmp_path: Path) -> None:
    source = "import os\nos.makedirs('many')\nopen('s3cr3t-value.txt', 'w')\nimport time; time.sleep(1)\n"
    write_notebook(tmp_path / "many.ipynb", [source + "for n in range(3000): open(f'many/{n}', 'w').close()"])

    (note,) = run(tmp_path)["many.ipynb"].notes

    assert "'many' (created), '***.txt' (created), 'many/0' (created)" in note
    assert note.endswith(" and 2,997 more.")


def test_notebooks_that_run_at_the_same_time_share_the_blame(tmp_path: Path) -> None:
    until = "import os, time\nwhile not os.path.exists({!r}): time.sleep(0.01)\n"
    writes = until.format("results/begun") + "open('a', 'w').close()\ntime.sleep(1)"
    write_notebook(tmp_path / "writes.ipynb", [writes])
    write_notebook(
        tmp_path / "sleeps.ipynb", ["open('results/begun', 'w').close()\n" + until.format("a") + "time.sleep(1)"]
    )
    write_notebook(tmp_path / "zero.ipynb", ["import time; time.sleep(0.1)"])

    results = run(tmp_path, maxParallel="2")

    told = "Written outside of its output folder while it ran: 'a' (created). Other notebooks ran at the same time."
    assert told in results["writes.ipynb"].notes
    assert told in results["sleeps.ipynb"].notes
    assert run(tmp_path, notebooks="zero.ipynb")["zero.ipynb"].notes == ()
