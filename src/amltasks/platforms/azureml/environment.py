"""What a job's notebooks run in: an environment of the workspace, or one made of an image and a conda file.

Into a conda file goes what is missing of what the notebook requires and of what the runner needs, never twice and
never in place of what stands there.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.notebooks.files import read_file
from amltasks.quoting import quoted

DEFAULT_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
_DEFAULT_CONDA: dict[str, Any] = {
    "name": "notebooks",
    "channels": ["conda-forge"],
    "dependencies": ["python=3.11", "pip", {"pip": ["ipykernel"]}],
}
# Of our own requirements, those that are needed where the notebooks run; pages and publishing are made elsewhere.
RUNNER = (
    "ahocorasick-rs", "jupyter-client", "nbclient", "nbformat", "packaging", "papermill", "psutil", "pydantic",
    "pyyaml",
)  # fmt: skip
_CONDA_NAME = re.compile(r"(?:[^\s:]+::)?([A-Za-z0-9._-]+)")
_CONDA_CALLS = {"pytorch": "torch", "pytables": "tables", "opencv": "opencv-python", "matplotlib-base": "matplotlib"}
_MOST_BYTES = 1024 * 1024


class JobEnvironment(Data):
    """named: an environment that exists, as the SDK takes it: `azureml:NAME:VERSION`, `azureml:NAME@latest` or a
    registry's. Otherwise image, with conda, a conda file's content, on it; conda is None for the image alone."""

    named: str = ""
    image: str = ""
    conda: dict[str, Any] | None = None


def job_environment(words: Sequence[str], root: Path, requirements: Iterable[str] = ()) -> JobEnvironment:
    """words: of the input, a name, or an image, or a conda file (a path from the root), or the two latter.

    requirements: what the notebook needs; they can be added to a conda file only. Raises UserError.
    """
    conda_files = [word for word in words if word.lower().endswith((".yml", ".yaml"))]
    rest = [word for word in words if word not in conda_files]
    if len(conda_files) > 1 or len(rest) > 1:
        raise UserError("environment: name one environment, image or conda file, or an image and a conda file.")
    if rest and not _is_image(rest[0]):
        if conda_files:
            raise UserError(f"environment: {quoted(rest[0])} has its packages: a conda file goes with an image only.")
        return JobEnvironment(named=named_environment(rest[0]))
    image = rest[0] if rest else DEFAULT_IMAGE
    if rest and not conda_files:
        return JobEnvironment(image=image)
    conda = _read_conda(root, conda_files[0]) if conda_files else _DEFAULT_CONDA
    wanted = ["ipykernel", *requirements, *runner_requirements()]
    return JobEnvironment(image=image, conda=with_requirements(conda, wanted))


def runner_requirements() -> list[str]:
    """What the runner needs in a job, as pip requirements."""
    known = {Requirement(text).name: text for text in importlib.metadata.requires("amltasks") or ()}
    by_name = {canonicalize_name(name): text for name, text in known.items()}
    return [by_name[canonicalize_name(name)] for name in RUNNER]


def with_requirements(conda: dict[str, Any], requirements: Iterable[str]) -> dict[str, Any]:
    """The conda file's content with those pip requirements that it has in no form yet; all else as it was."""
    dependencies = list(conda.get("dependencies") or [])
    pip = next((item["pip"] for item in dependencies if isinstance(item, dict) and "pip" in item), None) or []
    names = [match[1] for item in dependencies if isinstance(item, str) and (match := _CONDA_NAME.match(item))]
    present: set[str] = {canonicalize_name(_CONDA_CALLS.get(name, name)) for name in names}
    present |= {name for line in pip if (name := _requirement_name(str(line)))}
    missing = []
    for text in requirements:
        name = canonicalize_name(Requirement(text).name)
        if name not in present:
            present.add(name)
            missing.append(text)
    if not missing:
        return conda
    others = [item for item in dependencies if not (isinstance(item, dict) and "pip" in item)]
    if "pip" not in present:
        others.append("pip")
    return {**conda, "dependencies": [*others, {"pip": [*pip, *missing]}]}


def _requirement_name(line: str) -> str:
    """What a line of a pip section installs; empty for options and for addresses that do not say it."""
    line = re.sub(r"(?:^|\s)#.*", "", line).strip()
    egg = re.search(r"#egg=([A-Za-z0-9._-]+)", line)
    if egg:
        return canonicalize_name(egg[1])
    try:
        return canonicalize_name(Requirement(re.sub(r"\s--hash=\S+", "", line)).name)
    except InvalidRequirement:
        return ""


def _is_image(word: str) -> bool:
    return "/" in word and not word.startswith("azureml:")


def named_environment(word: str) -> str:
    """As the SDK v2 takes it, the latest version where none is said."""
    name = word.removeprefix("azureml:")
    if name.startswith("//"):
        return word
    return f"azureml:{name}" if ":" in name or "@" in name else f"azureml:{name}@latest"


def _read_conda(root: Path, name: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(read_file(root / name, _MOST_BYTES, root).decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"environment: {quoted(name)} is no conda file: {' '.join(str(error).split())}.") from None
    except UserError as error:
        raise UserError(f"environment: {quoted(name)}: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("dependencies"), list):
        raise UserError(f"environment: {quoted(name)} is no conda file: it has no list of `dependencies`.")
    return content
