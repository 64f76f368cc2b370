"""What a run is to run in, as the SDK v1 describes it."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from amltasks.errors import UserError
from amltasks.platforms.azureml.environment import JobEnvironment
from amltasks.platforms.azureml.v1.answers import answered
from amltasks.quoting import quoted

if TYPE_CHECKING:
    from azureml.core import Environment, Workspace


def environment_of(wanted: JobEnvironment, workspace: Workspace) -> Environment:
    """One of the workspace, or one that is made of an image and a conda file. Raises UserError, ServiceError."""
    return _existing(wanted.named, workspace) if wanted.named else _made(wanted)


def _existing(named: str, workspace: Workspace) -> Environment:
    """named: see `JobEnvironment`."""
    from azureml.core import Environment

    if named.startswith("azureml://"):
        raise UserError(f"environment: {quoted(named)} is in a registry, which the SDK v1 cannot reach: use azureml.")
    name, _, version = named.removeprefix("azureml:").partition(":")
    name, _, label = name.partition("@")
    with answered(f"The environment {name} cannot be used"):
        latest = label in ("", "latest")
        return Environment.get(workspace, name, version=version or None, label=None if latest else label)


def _made(wanted: JobEnvironment) -> Environment:
    """Called after what it is made of: Azure ML builds it once and finds it again."""
    from azureml.core import Environment

    name = f"amltasks-{hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()[:16]}"
    if wanted.conda is None:
        made = Environment.from_docker_image(name, wanted.image)
        made.python.user_managed_dependencies = True
        return made
    with tempfile.TemporaryDirectory(prefix="amltasks-") as folder:
        conda = Path(folder) / "conda.yml"
        conda.write_text(yaml.safe_dump(wanted.conda, sort_keys=False), "utf-8")
        return Environment.from_docker_image(name, wanted.image, conda_specification=str(conda))
