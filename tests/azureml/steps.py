"""Steps of a pipeline on Azure ML: repositories for them, and what they leave."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.azureml.places import Places
from tests.notebooks.running import write_notebook

Cells = Sequence[dict[str, Any] | str]


def repository(folder: Path, notebooks: Mapping[str, Cells]) -> Path:
    (folder / "nb").mkdir(parents=True)
    (folder / "nb" / "helper.py").write_text("WORD = 'helped'\n")
    for name, cells in notebooks.items():
        write_notebook(folder / "nb" / f"{name}.ipynb", cells, kernelspec={"name": "python3", "language": "python"})
    return folder


class Ended:
    """A step that is over: its exit code, its log, and what it left."""

    def __init__(self, process: subprocess.Popen[str], results: Path, seconds: float = 200) -> None:
        self.log, _ = process.communicate(timeout=seconds)
        self.code = process.returncode
        self.report: dict[str, Any] = json.loads(results.read_text("utf-8")) if results.is_file() else {}

    @property
    def outcomes(self) -> dict[str, str]:
        return {Path(result["notebook"]).stem: result["outcome"] for result in self.report["results"]}

    def variable(self, name: str) -> str:
        (line,) = (line for line in self.log.splitlines() if f"variable={name};" in line)
        return line.partition("]")[2]


class CarriedOut(Ended):
    """One that was carried out in a process that goes on: importing an SDK takes seconds."""

    def __init__(self, places: Places, job: dict[str, Any], results: Path) -> None:
        answer = places.carry_out("run_notebooks_task", job)
        self.code, self.log = answer["code"], answer["log"]
        self.report = json.loads(results.read_text("utf-8")) if results.is_file() else {}


def wait_for(condition: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
