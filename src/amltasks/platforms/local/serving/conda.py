"""What a conda file asks for, as pip can install it: conda itself is not needed on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.quoting import listed, quoted

# What answers requests in the containers of Azure ML, in the version that is tested here.
SERVER, SERVER_VERSION = "azureml-inference-server-http", "1.5.1"
_BRING_SERVER = {SERVER, "azureml-defaults"}
# `name`, `name=1.2`, `name>=1,<2`, `name=1.2=build`, each perhaps after `channel::`.
_MATCH = re.compile(r"(?:[^\s:]+::)?(?P<name>[A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*(?P<version>[=<>!~].*)?")
_ON_PYPI = {"pytorch": "torch", "pytables": "tables", "opencv": "opencv-python", "matplotlib-base": "matplotlib"}
# Of conda these are packages, of PyPI they are not: the interpreter, compilers' libraries, variants of other packages.
_NOT_ON_PYPI = re.compile(
    r"(?:_.*|lib.*|cuda.*|cudnn|nccl|gcc.*|gxx.*|blas|.*blas|nomkl|mpi|openmpi|mpich|conda.*|pytorch-cuda|cpuonly"
    r"|ca-certificates|openssl|readline|zlib|xz|tk|sqlite|bzip2|ncurses|openjdk|r-.*|nodejs)"
)
_FILE_OPTION = re.compile(r"(?P<option>-r|--requirement|-c|--constraint)[\s=]*(?P<path>\S+)")


class Wanted(Data):
    """python: `3.10`, empty for any. requirements: lines for pip. notes: what is otherwise than the file says."""

    python: str = ""
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_server(self) -> bool:
        return bool(_BRING_SERVER & set(map(_name, self.requirements)))


def wanted_by(conda: Path) -> Wanted:
    """Raises UserError where the file is none."""
    entries = _dependencies(conda)
    packages = [entry for entry in entries if isinstance(entry, str)]
    lines = [line for entry in entries if isinstance(entry, dict) for line in entry.get("pip") or []]
    python, found, left_out = "", [], []
    for package in packages:
        match = _MATCH.fullmatch(package.strip())
        if match is None:
            raise UserError(f"{quoted(conda.name)}: {quoted(package)} is no package as conda names them.")
        name, version = match["name"].lower(), match["version"] or ""
        if name == "python":
            python = ".".join(re.findall(r"\d+", version)[:2]) if version.startswith(("=", "~")) else ""
        elif name in ("pip", "setuptools", "wheel"):
            continue
        elif _NOT_ON_PYPI.fullmatch(name):
            left_out.append(name)
        else:
            found.append(_ON_PYPI.get(name, name) + _specifier(version))
    notes = []
    if found:
        notes.append(f"Conda's packages come from PyPI here: {listed(found)}.")
    if left_out:
        notes.append(f"Left out, as only conda has them: {listed(left_out)}.")
    return Wanted(python=python, requirements=(*found, *_absolute(lines, conda.parent)), notes=tuple(notes))


def _dependencies(conda: Path) -> list[Any]:
    try:
        content = yaml.safe_load(conda.read_text("utf-8-sig"))
    except OSError as error:
        raise UserError(f"The conda file {quoted(conda)} cannot be read: {error.strerror or error}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{quoted(conda.name)} is no conda file: {' '.join(str(error).split())}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("dependencies"), list):
        raise UserError(f"{quoted(conda.name)} is no conda file: it has no list of `dependencies`.")
    return list(content["dependencies"])


def _specifier(version: str) -> str:
    """conda's `=1.2` is any 1.2; a third part, the build, is conda's own."""
    version = version.replace(" ", "")
    if version.startswith("=") and not version.startswith("=="):
        number = version[1:].split("=")[0]
        return f"=={number}" if number.endswith("*") else f"=={number}.*"
    return version.split("=")[0] + "==" + version.split("=")[2] if version.startswith("==") else version


def _absolute(lines: Iterable[Any], folder: Path) -> Iterator[str]:
    """Lines of pip, files named from the conda file's folder on."""
    for line in map(str, lines):
        option = _FILE_OPTION.fullmatch(line.strip())
        yield f"{option['option']} {folder / option['path']}" if option else line.strip()


def _name(line: str) -> str:
    """What a line installs; empty for options and addresses that do not say it."""
    try:
        return canonicalize_name(Requirement(re.sub(r"(?:^|\s)#.*|\s--hash=\S+", "", line)).name)
    except InvalidRequirement:
        return ""
