"""Steps of RegisterModel, and what they leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.azureml.cloud import Azure
from tests.azureml.steps import Ended


def register(azure: Azure, repository: Path, output: Path, build: str = "42", **inputs: str) -> Ended:
    """A step that has come to its end."""
    given = {
        "modelName": "diabetes",
        "path": "model.bin",
        "outputFolder": str(output),
        "metrics": "[accuracy]",
        **inputs,
    }
    job: dict[str, Any] = azure.job(repository, given, Build_BuildId=build, Build_BuildNumber=f"n.{build}")
    job["task"]["name"] = "RegisterModel"
    return Ended(azure.start(job), output / "results.json")


def repository(folder: Path, accuracy: float) -> Path:
    """With a model and its metrics."""
    folder.mkdir(exist_ok=True)
    (folder / "model.bin").write_text(f"weights of {accuracy}")
    (folder / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))
    return folder


def checks(ended: Ended) -> dict[str, str]:
    """name → outcome."""
    return {check["name"]: check["outcome"] for check in ended.report["checks"]}
