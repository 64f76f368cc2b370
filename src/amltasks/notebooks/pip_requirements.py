"""Whether the packages that a notebook declares are installed where it will run. Nothing is installed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PROBE_SECONDS = 60
_PROBE = """
import json, platform, os, sys
sys.path[:] = [p for p in sys.path if p]
from importlib.metadata import distributions
print("amltasks-probe " + json.dumps({
    "installed": [[d.metadata["Name"], d.version] for d in distributions() if d.metadata["Name"]],
    "markers": {
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "python_full_version": platform.python_version(),
        "os_name": os.name, "sys_platform": sys.platform, "platform_machine": platform.machine(),
        "platform_system": platform.system(), "implementation_name": sys.implementation.name,
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(), "platform_version": platform.version(),
        "implementation_version": platform.python_version()}}))
"""


def unmet_requirements(executable: str, requirements: Sequence[str]) -> str:
    """One sentence on what is missing in the interpreter, with the command that installs it; empty where all is there.

    requirements: valid pip requirements. One that names an address is met by any version.
    """
    described = _described(executable)
    if described is None:
        return f"The packages of {executable} could not be listed."
    installed = {canonicalize_name(name): version for name, version in described["installed"]}
    unmet: list[str] = []
    for text in dict.fromkeys(requirements):
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({**described["markers"], "extra": ""}):
            continue
        version = installed.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            unmet.append(text)
    if not unmet:
        return ""
    have = [
        f"{name} {installed[canonicalize_name(name)]}"
        for text in unmet
        if (name := Requirement(text).name) and canonicalize_name(name) in installed
    ]
    there = f" (it has {', '.join(have)})" if have else ""
    command = " ".join([f'"{executable}" -m pip install', *(f'"{text}"' for text in unmet)])
    return f"{executable} lacks what the notebook requires: {', '.join(unmet)}{there}. This installs it: {command}"


@lru_cache(maxsize=64)
def _described(executable: str) -> dict[str, Any] | None:
    try:
        answer = subprocess.run(
            [executable, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("amltasks-probe "):
            described: dict[str, Any] = json.loads(line.removeprefix("amltasks-probe "))
            return described
    return None
