"""Steps on platform azureml-v1."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended


def begin(azure: Azure, repo: Path, output: Path, **variables: str) -> subprocess.Popen[str]:
    inputs = {"platform": "azureml-v1", "outputFolder": str(output)}
    return azure.start(azure.job(repo, inputs, **variables))


def run(azure: Azure, repo: Path, output: Path, **variables: str) -> Ended:
    return Ended(begin(azure, repo, output, **variables), output / "results.json", seconds=400)
