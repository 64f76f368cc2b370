"""What jobs' Pythons are made of: a virtual environment for each pip section, made once for all worlds.

Conda packages and images are recorded with the environment, not built.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

_BASE = getattr(sys, "_base_executable", sys.executable)
_READY = ".ready"
_NAMES_PYPI = re.compile(r"--(?:extra-)?(?:index-url|find-links)[ =]https://pypi\.(?:python\.)?org/")


class BuildError(Exception):
    """An environment cannot be made; its log says why."""


def pip_lines(environment: Mapping[str, Any]) -> list[str]:
    """Of the conda file among an environment's properties, the lines of its pip section.

    Without those that name PyPI, which the SDK v1 adds by itself: the machine has a way of its own to it.
    """
    conda = yaml.safe_load(environment.get("condaFile") or "{}")
    sections = [item["pip"] for item in conda.get("dependencies", []) if isinstance(item, dict) and "pip" in item]
    return [str(line) for section in sections for line in section or [] if not _NAMES_PYPI.match(str(line))]


def digest_of(lines: list[str]) -> str:
    """What names the environment of these lines."""
    return hashlib.sha256("\n".join([sys.version, _BASE, *lines]).encode()).hexdigest()[:24]


def interpreter(folder: Path, lines: list[str], log: Callable[[str], None]) -> Path:
    """The Python that has the packages of these lines, made where there is none yet. log: takes lines. BuildError."""
    home = folder / digest_of(lines)
    python = home / "bin" / "python"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two that want the same, in whatever process, one makes it
        if (home / _READY).is_file():
            log("The image exists already.")
            return python
        shutil.rmtree(home, ignore_errors=True)
        uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
        if uv:
            _run([uv, "venv", "--quiet", "--seed", "--python", _BASE, str(home)], log)
            install = [uv, "pip", "install", "--python", str(python)]
        else:
            _run([_BASE, "-m", "venv", str(home)], log)
            install = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        if lines:
            (home / "requirements.txt").write_text("\n".join([*lines, ""]), "utf-8")
            _run([*install, "-r", str(home / "requirements.txt")], log)
        (home / _READY).touch()
    return python


def _run(command: list[str], log: Callable[[str], None]) -> None:
    """With the machine's own way to a package index, not through the sandbox's proxy."""
    log(f"$ {' '.join([Path(command[0]).name, *command[1:]])}")
    environment = {name: text for name, text in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    process = subprocess.Popen(
        command,
        env={**environment, "UV_SYSTEM_CERTS": "1", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            log(line.rstrip("\n"))
    if process.wait():
        raise BuildError(f"{Path(command[0]).name} ended with exit code {process.returncode}")
