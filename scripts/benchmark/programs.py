"""The programs that are compared: how a user starts each on a folder of notebooks, and where it leaves the results."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark import notebooks
from benchmark.notebooks import Notebook

KERNEL = "bench"


@dataclass(frozen=True)
class Interpreters:
    """ours: has this project installed. peers: has the other programs. notebooks: what all kernels run in."""

    ours: Path
    peers: Path
    notebooks: Path

    @property
    def kernel(self) -> str:
        """As the kernels' processes are called."""
        return str(self.notebooks)


@dataclass(frozen=True)
class Start:
    """A command in its folder, which holds the notebooks in `in`.

    results: reads what it made. environment: added for this command. reached: reads the `time.monotonic()` at which
    the command had done what is measured, where that is before its end. close: called when all has been read.
    """

    command: Sequence[str]
    results: Callable[[], Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    reached: Callable[[], float] | None = None
    close: Callable[[], None] = lambda: None


Program = Callable[[Interpreters, Path], Start]


def amltasks(*options: str) -> Program:
    """This project, as a user of the command line runs it: saving, redaction and verdict included."""

    def start(interpreters: Interpreters, folder: Path) -> Start:
        program = str(interpreters.ours.with_name("amltasks"))
        command = [program, "run-notebook", "--python", str(interpreters.notebooks), "--output", "out", *options]
        return Start(
            [*command, "in/*.ipynb"],
            lambda: _found(folder, "out/*/executed.ipynb", lambda file: file.parent.name.removeprefix("in.")),
        )

    return start


def papermill(interpreters: Interpreters, folder: Path) -> Start:
    """Its command line, one notebook after the other."""
    program = interpreters.peers.with_name("papermill")
    (folder / "out").mkdir()
    each = f'"{program}" -k {KERNEL} --no-progress-bar "$file" "out/${{file##*/}}"'
    return Start(
        ["sh", "-c", f"for file in in/*.ipynb; do {each} || exit; done"], lambda: _found(folder, "out/*.ipynb")
    )


def nbconvert(interpreters: Interpreters, folder: Path) -> Start:
    program = str(interpreters.peers.with_name("jupyter-nbconvert"))
    kernel = f"--ExecutePreprocessor.kernel_name={KERNEL}"
    command = [program, "--to", "notebook", "--execute", kernel, "--output-dir", "out"]
    return Start([*command, *map(str, sorted(folder.glob("in/*.ipynb")))], lambda: _found(folder, "out/*.ipynb"))


def nbmake(interpreters: Interpreters, folder: Path) -> Start:
    """Two at a time; told to write the executed notebooks, as all the others do."""
    command = [str(interpreters.peers), "-m", "pytest", "--nbmake", f"--nbmake-kernel={KERNEL}", "--overwrite"]
    return Start([*command, "-n", "2", "in"], lambda: _found(folder, "in/*.ipynb"))


def environment(interpreters: Interpreters, folder: Path) -> dict[str, str]:
    """The same for all programs: settings of nobody, and the kernel of the name that the peers are given."""
    spec = folder / "jupyter" / "kernels" / KERNEL
    spec.mkdir(parents=True, exist_ok=True)
    command = [str(interpreters.notebooks), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": command, "display_name": KERNEL, "language": "python"}))
    own = ("PYTHON", "JUPYTER", "AMLTASKS")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **inherited,
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_CONFIG_DIR": str(folder / "configuration"),
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
    }


def _found(folder: Path, pattern: str, name: Callable[[Path], str] = lambda file: file.stem) -> Mapping[str, Notebook]:
    return {name(file): notebooks.read(file) for file in sorted(folder.glob(pattern))}
