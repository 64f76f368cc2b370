"""The programs that are compared: papermill as it is published, and ours in each way that it starts kernels."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from benchmark.equality import masked

from amltasks.notebooks.tracebacks import plain
from amltasks.platforms.base import NotebookRun, Stop
from amltasks.platforms.local.compute import LocalCompute
from amltasks.platforms.local.workers import Workers
from amltasks.platforms.local.zygotes import Zygotes
from amltasks.report.model import NotebookResult, Outcome
from tests.fidelity.notebooks import Case, UnavailableError
from tests.notebooks.running import notebook_python, start_nursery

PAPERMILL = "papermill"
# forked, direct: our kernels. stock: the kernel as ipykernel installs it, run by us. engine: `papermill --engine`.
MODES = ("forked", "direct", "stock", "engine")

_KERNEL = "python3"  # as most notebooks call theirs
_STOCK = "stock"  # the same, by a name that is no other's
_PROGRAM = Path(__file__).with_name("papermill_run.py")
_ENDINGS = {
    "DeadKernelError": "kernelDied",
    "CellTimeoutError": "timedOut",
    "NoSuchKernel": "kernelMissing",
    "KernelMissingError": "kernelMissing",  # our engine's
}
_PATIENCE = 240.0  # seconds, with papermill
_COMPARED = 300  # characters of an error's text: ours is shortened


@dataclass(frozen=True)
class Executed:
    """What a program made of a notebook.

    ending: `passed`, `kernelDied`, `timedOut`, `kernelMissing`, `invalid`, or the error that a cell raised.
    notebook: None where nothing was executed. kernel_named: it ran only after it was told which kernel to use.
    """

    ending: str
    notebook: dict[str, Any] | None
    kernel_named: bool = False


class Stage:
    """A folder in which every program finds a notebook at the same path; `close` must be called."""

    def __init__(self, folder: Path, preload: Iterable[str]) -> None:
        """preload: what the kernels that are forked have imported already, as in a suite of all these notebooks."""
        self._folder = folder
        self._jupyter_path = folder / "jupyter"
        _install_kernels(self._jupyter_path)
        zygotes = Zygotes()
        zygotes.preload(preload)
        self._forked = LocalCompute(Workers(start_nursery()), zygotes)

    def close(self) -> None:
        self._forked.close()

    def run(self, program: str, case: Case) -> Executed:
        """The case as PAPERMILL or one of MODES executes it, in the notebook's folder. Raises UnavailableError."""
        source, target = case.put(self._folder / "home"), self._folder / "target"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        if program in {PAPERMILL, "engine"}:
            return self._papermill(case, source, target, engine="amltasks" if program == "engine" else None)
        compute = LocalCompute() if program == "direct" else self._forked
        stock = program == "stock" and _language(source) in {"", "python"}
        run = NotebookRun(
            run_id="run",
            source=source,
            notebook=source.name,
            python=notebook_python(),
            kernel=_STOCK if stock else "",
            working_directory=source.parent,
            folder=target,
            cell_timeout=case.timeout,
            environment={"JUPYTER_PATH": str(self._jupyter_path)} if stock else {},
        )
        result = asyncio.run(compute.run(run, lambda event: None, Stop()))
        return Executed(_ending(result), _read(target / "executed.ipynb"))

    def _papermill(self, case: Case, source: Path, target: Path, engine: str | None) -> Executed:
        """As `papermill [--engine]` runs it; told the kernel where it asks for that."""
        asked = {"source": str(source), "target": str(target / "executed.ipynb"), "cwd": str(source.parent)}
        settings = {"kernel": None, "engine": engine, "timeout": case.timeout}
        executed = self._ask({**asked, **settings})
        if executed.ending != "kernelMissing" or _language(source) not in {"", "python"}:
            return executed
        executed = self._ask({**asked, **settings, "kernel": _KERNEL})
        return Executed(executed.ending, executed.notebook, kernel_named=True)

    def _ask(self, asked: dict[str, Any]) -> Executed:
        environment = {**os.environ, "JUPYTER_PATH": str(self._jupyter_path)}
        answer = _answered(json.dumps(asked), environment) or _answered(json.dumps(asked), environment)
        if answer is None:
            assert asked["engine"] is None, f"`papermill --engine` hangs: {asked['source']}"
            raise UnavailableError("papermill hangs, as it may with widgets that take output: nothing to compare with")
        error = answer["error"]
        if not error:
            ending = "passed"
        elif error == "PapermillExecutionError":
            ending = _raised(answer["ename"], answer["evalue"])
        elif error == "ValueError" and "No kernel name found" in answer["evalue"]:
            ending = "kernelMissing"
        else:
            ending = _ENDINGS.get(error, "invalid")
        unstarted = ending in {"kernelMissing", "invalid"}
        return Executed(ending, None if unstarted else _read(Path(asked["target"])))


def _install_kernels(folder: Path) -> None:
    """Makes it one for JUPYTER_PATH, with kernels of the interpreter of the tests as any installer leaves them."""
    command = [notebook_python(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    for name in ("python", _KERNEL, _STOCK):
        (folder / "kernels" / name).mkdir(parents=True)
        spec = {"argv": command, "display_name": name, "language": "python"}
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps(spec))


def _answered(asked: str, environment: Mapping[str, str]) -> dict[str, str] | None:
    """What papermill_run.py answers; None where papermill hangs, as it may with widgets that take output."""
    process = subprocess.Popen(
        [sys.executable, str(_PROGRAM)],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            said, errors = process.communicate(asked, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            return None
    assert process.returncode == 0, errors
    answer: dict[str, str] = json.loads(said.splitlines()[-1])
    return answer


def _read(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    notebook: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return notebook


def _ending(result: NotebookResult) -> str:
    error = result.failing_cell.error if result.failing_cell else None
    if result.outcome is Outcome.FAILED and error:
        return _raised(error.name, error.value)
    return str(result.outcome.value)


def _raised(name: str, value: str) -> str:
    return str(masked(f"{plain(name)}: {plain(value)}"[:_COMPARED]))


def _language(source: Path) -> str:
    """Of a notebook, in small letters; empty where it names none, or is none."""
    try:
        metadata = json.loads(source.read_text(encoding="utf-8"))["metadata"]
        return str(
            metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name") or ""
        ).lower()
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
