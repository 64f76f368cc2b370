"""The packed launcher on an agent that has the task's environment already: until Python's first line runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from environment import BUILD

from benchmark.measuring import BenchError
from benchmark.programs import Interpreters, Start
from build import build

TASK = BUILD / "tasks" / "RunNotebookOnAML"
TOOLS = BUILD / "bench-tools"  # where the agent keeps the environment that the launcher makes
_FIRST_LINE = 'import time\nopen("reached", "w").write(str(time.monotonic()))\n'


def program(interpreters: Interpreters, folder: Path) -> Start:
    """Makes the environment first, where it is not there yet: that is not measured."""
    node = shutil.which("node")
    if node is None:
        raise BenchError("there is no node on the PATH")
    build()
    task = folder / "task"
    shutil.copytree(TASK, task)
    (task / "main.py").write_text(_FIRST_LINE, encoding="utf-8")
    added = {
        "AGENT_TOOLSDIRECTORY": str(TOOLS),
        "AGENT_TEMPDIRECTORY": str(folder / "temp"),
        "VSTS_PUBLIC_VARIABLES": "[]",
        "VSTS_SECRET_VARIABLES": "[]",
    }
    (folder / "temp").mkdir()
    command = [node, str(task / "launcher.js")]
    reached = folder / "reached"
    subprocess.run(command, cwd=folder, env={**os.environ, **added}, capture_output=True, check=False)
    if not reached.is_file():
        raise BenchError("the launcher did not reach Python")
    reached.unlink()
    return Start(command, lambda: None, environment=added, reached=lambda: float(reached.read_text()))
