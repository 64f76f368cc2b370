"""UsePythonVersion@0: a Python of the tools folder or of this machine, first on the PATH of the following steps."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.agent.errors import StepError
from sandbox.agent.invocation import Invocation
from sandbox.agent.tasks import TaskDefinition, TaskInput

_PROBE = "import json, os, sys; print(json.dumps([list(sys.version_info[:3]), os.path.realpath(sys.executable)]))"


@dataclass(frozen=True)
class _Python:
    version: tuple[int, ...]
    executable: Path

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))


def _use_python(invocation: Invocation) -> None:
    step = invocation.step
    wanted = invocation.input("versionSpec")
    found = [python for python in _candidates(invocation) if _fits(wanted, python.version)]
    if not found:
        here = ", ".join(sorted({python.version_text for python in _candidates(invocation)})) or "none"
        raise StepError(
            f"Version {wanted} was not found in the local cache. Versions of Python on this machine: {here}. "
            "Install one, or give the folder of tools with --tools."
        )
    chosen = max(found, key=lambda python: python.version)
    folder = _cached(chosen, step.job.directory("Agent.ToolsDirectory"))
    step.output(f"Found tool in cache: Python {chosen.version_text} {platform.machine()}")
    step.set_variable("pythonLocation", str(folder), secret=False, output=True, read_only=False, preserve_case=False)
    if invocation.flag("addToPath"):
        step.output(f"Prepending PATH environment variable with directory: {folder}")
        directories = [folder / ("Scripts" if sys.platform == "win32" else "bin"), folder]
        entries = [str(each) for each in directories]
        step.job.path_entries[:] = [each for each in step.job.path_entries if each not in entries] + entries


def _candidates(invocation: Invocation) -> list[_Python]:
    tools = invocation.step.job.directory("Agent.ToolsDirectory") / "Python"
    programs = [*tools.glob("*/*/bin/python"), *tools.glob("*/*/python.exe")]
    path = invocation.environment.get("PATH")
    names = ["python3", "python", *(f"python3.{minor}" for minor in range(8, 20))]
    programs += [Path(found) for found in (shutil.which(name, path=path) for name in names) if found]
    found = (_probe(program, invocation) for program in dict.fromkeys(programs))
    return list(dict.fromkeys(python for python in found if python is not None))


def _probe(program: Path, invocation: Invocation) -> _Python | None:
    try:
        done = subprocess.run(
            [str(program), "-I", "-c", _PROBE],
            capture_output=True,
            timeout=20,
            env=dict(invocation.environment),
            check=True,
        )
        version, executable = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # not an interpreter that starts
    return _Python(tuple(version), Path(executable))


def _fits(wanted: str, version: tuple[int, ...]) -> bool:
    """`3`, `3.x`, `3.11`, `3.11.x`, `3.11.7` or `>=3.10`."""
    lowest = re.fullmatch(r">=\s*(\d+(?:\.\d+)*)", wanted)
    if lowest:
        return version >= tuple(map(int, lowest[1].split(".")))
    parts = [part for part in wanted.split(".") if part not in ("x", "*")]
    if not all(part.isdecimal() for part in parts):
        raise StepError(f"'{wanted}' is not a version range that the sandbox's agent understands (such as 3.x or 3.11)")
    return version[: len(parts)] == tuple(map(int, parts))


def _cached(python: _Python, tools: Path) -> Path:
    """The interpreter's folder in the layout of the tool cache, where `python` and `python3` are both to be found."""
    if sys.platform == "win32":
        return python.executable.parent
    folder = tools / "Python" / python.version_text / ("arm64" if platform.machine() in ("aarch64", "arm64") else "x64")
    for name in ("python", "python3"):
        link = folder / "bin" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(link):
            link.symlink_to(python.executable)
    return folder


TASKS = (
    TaskDefinition(
        id="33c63b11-352b-45a2-ba1b-54cb568a29ca",
        name="UsePythonVersion",
        version="0.250.1",
        friendly_name="Use Python version",
        description="Use the specified version of Python from the tool cache, optionally adding it to the PATH",
        author="Microsoft Corporation",
        inputs=(
            TaskInput("versionSpec", default="3.x", required=True),
            TaskInput("addToPath", "boolean", "true", required=True),
            TaskInput("architecture", "pickList", "x64"),
        ),
        outputs=("pythonLocation",),
        run=_use_python,
    ),
)
