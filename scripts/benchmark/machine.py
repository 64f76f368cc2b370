"""On what was measured: a time without its machine says nothing."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import psutil
from environment import ROOT

from benchmark.programs import Interpreters

_OURS = ("papermill", "nbclient", "jupyter_client", "pyzmq")
_PEERS = ("papermill", "nbclient", "nbconvert", "nbmake", "pytest-xdist", "jupyter_client", "pyzmq")
_NOTEBOOKS = ("ipykernel", "ipython", "numpy", "pandas", "matplotlib")
_VERSIONS = """
import json, platform, sys
from importlib.metadata import version
print(json.dumps({"python": platform.python_version(), **{name: version(name) for name in sys.argv[1:]}}))
"""


def describe(interpreters: Interpreters) -> dict[str, object]:
    """The machine, what runs on it, and the versions of all programs and kernels."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "load": [round(load, 2) for load in os.getloadavg()],
        "commit": _commit(),
        "ours": _versions(interpreters.ours, _OURS),
        "peers": _versions(interpreters.peers, _PEERS),
        "notebooks": _versions(interpreters.notebooks, _NOTEBOOKS),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return described.stdout.strip()


def _versions(python: Path, packages: tuple[str, ...]) -> dict[str, str]:
    answer = subprocess.run([str(python), "-c", _VERSIONS, *packages], capture_output=True, text=True, check=True)
    versions: dict[str, str] = json.loads(answer.stdout)
    return versions
