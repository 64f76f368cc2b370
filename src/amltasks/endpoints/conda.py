"""A conda file where somebody has only requirements.txt, or an environment described inside of another file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from amltasks.errors import UserError
from amltasks.notebooks.files import read_file
from amltasks.quoting import quoted

# Without the inference server no image answers a request. `azureml-defaults` brings it, too.
SERVER = "azureml-inference-server-http"
_BRINGS_SERVER = {SERVER, "azureml-defaults"}
_PYTHON = "3.11"
_MOST_BYTES = 1024 * 1024
_DEEPEST = 10  # files that name each other with -r


def conda_of_requirements(path: Path, root: Path, work: Path) -> Path:
    """A conda file that installs the requirements with pip, and the inference server where they lack it.

    Files named by `-r` are taken in, since only this one file is sent. Raises UserError, naming file and line.
    """
    lines = list(dict.fromkeys(_lines(path, root)))
    if not any(_name(line) in _BRINGS_SERVER for line in lines):
        lines.append(SERVER)
    conda = {
        "name": "scoring",
        "channels": ["conda-forge"],
        "dependencies": [f"python={_PYTHON}", "pip", {"pip": lines}],
    }
    return written_conda(conda, work)


def written_conda(content: Mapping[str, Any], work: Path) -> Path:
    """The content as a file below `work`, named after what is in it. Raises UserError where it is none."""
    if not isinstance(content, dict) or not isinstance(content.get("dependencies"), list):
        raise UserError("inferenceConfig: environment: the conda dependencies have no list of `dependencies`.")
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"conda-{hashlib.sha256(text.encode()).hexdigest()[:12]}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def _lines(path: Path, root: Path, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        raise UserError(f"requirements: {quoted(path.name)}: files name each other with -r without end.")
    text = read_file(path, _MOST_BYTES, root).decode("utf-8-sig", "replace").replace("\\\n", " ")
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(?:^|\s)#.*", "", raw).strip()
        where = f"requirements: {quoted(path.name)} line {number}"
        nested = re.fullmatch(r"(?:-r|--requirement)[\s=]*(\S+)", line)
        if nested:
            yield from _lines(path.parent / nested[1], root, depth + 1)
        elif re.match(r"(-e|--editable|-c|--constraint|\.{0,2}/)", line):
            raise UserError(f"{where}: {quoted(line)} names a file beside it, which is not sent: name a package.")
        elif line and not line.startswith("-") and "://" not in line and not _name(line):
            raise UserError(f"{where}: {quoted(line)} is no requirement.")
        elif line:
            yield line


def _name(line: str) -> str:
    """What a line installs; empty where it does not say it."""
    try:
        return canonicalize_name(Requirement(re.sub(r"\s--hash=\S+", "", line)).name)
    except InvalidRequirement:
        return ""
