"""A package that a notebook upgrades is the one that is used: in it, and in those that come after."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amltasks.kernels.switch import START
from amltasks.platforms.base import NotebookRun, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.platforms.local.zygotes import Zygotes
from amltasks.report.model import NotebookResult, Outcome
from tests.extension.launching import write_wheel
from tests.notebooks.running import Ran, notebook_python, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

USE = ["import os, pandas\nprint(pandas.__version__, open(f'/proc/{os.getppid()}/cmdline').read())"]


@pytest.fixture
def python(tmp_path: Path) -> str:
    """An interpreter with ipykernel, and a package of its own that goes by the name of one that is preloaded."""
    folder = tmp_path / "env"
    subprocess.run([notebook_python(), "-m", "venv", "--without-pip", str(folder)], check=True)
    found = subprocess.run(
        [notebook_python(), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "kernel.pth").write_text(found.stdout)
    (packages / "pandas").mkdir()
    (packages / "pandas" / "__init__.py").write_text("__version__ = '0.1'\n")
    return str(folder / "bin" / "python")


@pytest.fixture
def compute(python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCompute]:
    """With a zygote that has imported the package."""
    monkeypatch.delenv(START, raising=False)
    zygotes = Zygotes()
    zygotes.begin(python)
    zygotes.preload(["pandas"])
    made = LocalCompute(zygotes=zygotes)
    yield made
    made.close()


def test_what_pip_installs_in_a_notebook_comes_before_what_was_preloaded(
    compute: LocalCompute, python: str, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    write_wheel(wheels, "pandas", {"pandas/__init__.py": "__version__ = '1.0'\n"})
    install = f"%pip install --ignore-installed --no-deps --no-index --find-links {wheels} pandas"

    before = run(compute, python, tmp_path / "before", USE)
    meanwhile = run(compute, python, tmp_path / "meanwhile", [install, *USE])
    after = run(compute, python, tmp_path / "after", USE)

    assert before.startswith("0.1 ")
    assert "zygote.py" in before  # its kernel was forked, the package imported already
    assert meanwhile.startswith("1.0 ")
    assert after.startswith("1.0 ")


def run(compute: LocalCompute, python: str, folder: Path, cells: list[str]) -> str:
    """What the last cell of such a notebook prints."""
    (folder / "out").mkdir(parents=True)
    notebook = NotebookRun(
        run_id=folder.name,
        source=write_notebook(folder / "nb.ipynb", cells),
        notebook="nb.ipynb",
        python=python,
        working_directory=folder,
        folder=folder / "out",
    )
    result: NotebookResult = asyncio.run(compute.run(notebook, lambda event: None, Stop()))
    assert result.outcome is Outcome.PASSED, result.message
    return Ran(result).output(len(cells) - 1)
