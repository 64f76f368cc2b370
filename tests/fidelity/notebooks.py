"""What is compared: the corpus beside the project, and the notebooks that nbclient and papermill test themselves with.

The latter are in their source distributions, which are downloaded when they are wanted and kept out of the project.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.notebooks.corpus import samples
from tests.notebooks.running import ROOT, SHARED, write_notebook

_PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
DOWNLOADS = ROOT / "build" / "fidelity"

# Package → folder in its source distribution, and the names of the notebooks there.
PUBLISHED = {
    "nbclient": (
        "tests/files",
        (
            "Autokill", "Check History in Memory", "Clear Output", "Disable Stdin", "Empty Cell", "Error", "Factorials",
            "HelloWorld", "Inline Image", "Interrupt", "JupyterWidgets", "Other Comms", "Output", "Parallel Execute A",
            "Parallel Execute B", "SVG", "Skip Exceptions", "Skip Exceptions with Cell Tags",
            "Skip Execution with Cell Tag", "Sleep1s", "Unicode", "UnicodePy3", "update-display-id",
        ),
    ),
    "papermill": (
        "papermill/tests/notebooks",
        (
            "binder", "blank-vscode", "broken", "broken1", "broken2", "complex_parameters",
            "gcs/gcs_in/gcs-simple_notebook", "keyboard_interrupt", "line_magic_error", "nb_version_4.4",
            "no_parameters", "notimplemented_translator", "read_check", "report_mode_test", "result_no_exec",
            "s3/s3_in/s3-simple_notebook", "simple_execute", "sysexit", "sysexit0", "sysexit1", "systemexit",
            "test_autosave", "test_logging", "test_notebooknode_io",
        ),
    ),
}  # fmt: skip


ENDLESS, ENDLESS_SECONDS = {"Interrupt", "keyboard_interrupt", "hangs"}, 5.0


# Of our own: what neither shows.
OWN = {
    "dies": ("print('last words')", "import os\nos._exit(3)", "print('never')"),
    "hangs": ("print('begun')", "import time\ntime.sleep(600)", "print('never')"),
}


class UnavailableError(Exception):
    """What is to be compared cannot be had here; the message says why."""


@dataclass(frozen=True)
class Case:
    """A notebook to compare. id: `s01-…`, or `nbclient/Autokill`. timeout: of a cell, in seconds; None for none."""

    id: str
    timeout: float | None = None

    def fetch(self) -> None:
        """Has it here, downloaded if need be. Raises UnavailableError."""
        if self._package in PUBLISHED:
            published(self._package)

    def put(self, folder: Path) -> Path:
        """Copies it with all that it needs into a folder of that name, made anew; where the copy lies."""
        shutil.rmtree(folder, ignore_errors=True)
        if self._package == "own":
            folder.mkdir()
            return write_notebook(folder / f"{self._name}.ipynb", OWN[self._name], kernelspec=_PYTHON)
        top, path = self._place()
        shutil.copytree(top, folder)
        for copy in (folder, *folder.rglob("*")):
            copy.chmod(copy.stat().st_mode | 0o700)
        return folder / path.relative_to(top)

    def _place(self) -> tuple[Path, Path]:
        """The folder that it needs, and its file in there."""
        if self._package:
            folder = published(self._package)
            return folder, folder / f"{self._name}.ipynb"
        found = next(sample.path for sample in samples() if sample.id == self.id)
        return SHARED / found.relative_to(SHARED).parts[0], found

    @property
    def _package(self) -> str:
        return self.id.partition("/")[0] if "/" in self.id else ""

    @property
    def _name(self) -> str:
        return self.id.partition("/")[2]


def cases() -> list[Case]:
    """All that is here or can be downloaded; those of the corpus only where it is beside the project."""
    corpus = [
        Case(sample.id, sample.cell_timeout if sample.expect["outcome"] == "timedOut" else None) for sample in samples()
    ]
    named = {"own": tuple(OWN), **{package: names for package, (_, names) in PUBLISHED.items()}}
    return corpus + [
        Case(f"{package}/{name}", ENDLESS_SECONDS if name in ENDLESS else None)
        for package, names in named.items()
        for name in names
    ]


def sources() -> Iterator[str]:
    """The code cells of the corpus."""
    for sample in samples():
        with contextlib.suppress(ValueError, KeyError, TypeError):  # those that are no notebooks, or of another form
            for cell in json.loads(sample.path.read_text(encoding="utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    yield "".join(cell["source"])


def published(package: str) -> Path:
    """The folder of a package's test notebooks, of the version that is installed here. Raises UnavailableError."""
    name = f"{package}-{version(package)}"
    folder = DOWNLOADS / name
    if not folder.is_dir():
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wanted = ["--no-binary", package, "--dest", str(DOWNLOADS), f"{package}=={version(package)}"]
        done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
        archive = DOWNLOADS / f"{name}.tar.gz"
        if done.returncode or not archive.is_file():
            why = (done.stderr.strip().splitlines() or ["no source distribution"])[-1]
            raise UnavailableError(f"the source distribution of {name} cannot be downloaded: {why}")
        with tarfile.open(archive) as content:
            content.extractall(DOWNLOADS, filter="data")
    return folder / PUBLISHED[package][0]
