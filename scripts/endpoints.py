"""What the examples leave behind on this machine: endpoints go on serving when the pipeline is over, as they should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from environment import ROOT


def end_endpoints(agent: Path) -> None:
    """End those that the pipelines of this agent's folder have made."""
    folder = agent / "amltasks"
    for endpoint in sorted((folder / "endpoints").glob("*/")):
        command = [sys.executable, "-m", "amltasks", "endpoints", "delete", endpoint.name, "--folder", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
