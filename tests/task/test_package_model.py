"""PackageModel on an agent: the folder to build an image from, told to later steps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.registry import NewModel

TASK = Path(__file__).resolve().parents[2] / "tasks" / "PackageModel" / "main.py"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a script and its packages; its agent has a model."""
    root = tmp_path / "repository"
    root.mkdir()
    (root / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    (root / "requirements.txt").write_text("six==1.16.0\n")
    (root / "model.pkl").write_bytes(b"model")
    registry = LocalRegistry(root / "models")
    registry.open()
    registry.register(NewModel(name="Diabetes", path=root / "model.pkl", key="1"))
    registry.close()
    return root


def package(repository: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    given = {"model": "Diabetes", "localFolder": "models", "scoringScript": "score.py", **inputs}
    job: dict[str, Any] = {
        "task": {"name": "PackageModel", "version": "1.0.0"},
        "inputs": given,
        "variables": {
            "Build.Repository.LocalPath": str(repository),
            "Agent.TempDirectory": str(repository.parent),
            "Build.ArtifactStagingDirectory": str(repository.parent / "staging"),
            "System.TaskInstanceName": "package",
        },
        "secrets": {},
    }
    return subprocess.run(
        [sys.executable, str(TASK)], input=json.dumps(job), capture_output=True, text=True, timeout=120
    )


def test_a_registered_model_becomes_a_folder_to_build_an_image_from(repository: Path) -> None:
    """Requirement 2.23."""
    done = package(repository, requirements="requirements.txt")

    context = repository.parent / "staging" / "package" / "package"
    assert done.returncode == 0, done.stdout + done.stderr
    assert "##vso[task.setvariable variable=Image;isoutput=true]diabetes:1" in done.stdout
    assert f"##vso[task.setvariable variable=Context;isoutput=true]{context}" in done.stdout
    assert (context / "models" / "Diabetes" / "1" / "model.pkl").read_bytes() == b"model"
    assert "six==1.16.0" in (context / "requirements.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (
            {"form": "image"},
            "form: only the SDK v1 builds images (platform: azureml-v1): take a context, and build it.",
        ),
        ({"model": "Diabetez"}, "model: there is no model 'Diabetez'."),
    ],
)
def test_bad_input_is_one_sentence(repository: Path, inputs: dict[str, str], sentence: str) -> None:
    done = package(repository, **inputs)

    assert done.returncode == 2
    assert f"##vso[task.logissue type=error]{sentence}" in done.stdout
