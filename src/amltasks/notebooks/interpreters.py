"""Finding the Python that notebooks run on, and the environment that it is started in. Imports next to nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path


def locate_python(python: str, environment: Mapping[str, str]) -> str:
    """The file that `python` names, empty where there is none; python: a path, a name, or empty for the usual names."""
    path = environment.get("PATH", os.defpath)
    names = (python,) if python else ("python", "python3")
    return next((where for name in names if (where := shutil.which(name, path=path))), "")


def outside_of_ours(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The environment without this program's own virtual environment, unless that is the one the kernel runs in."""
    environment = dict(environment)
    if Path(prefix) == Path(sys.prefix):
        return environment
    if environment.get("VIRTUAL_ENV") and Path(environment["VIRTUAL_ENV"]) == Path(sys.prefix):
        del environment["VIRTUAL_ENV"]
    if "PATH" in environment and sys.prefix != sys.base_prefix:
        ours = {str(Path(sys.executable).parent)}
        kept = (entry for entry in environment["PATH"].split(os.pathsep) if entry.rstrip("/\\") not in ours)
        environment["PATH"] = os.pathsep.join(kept)
    return environment
