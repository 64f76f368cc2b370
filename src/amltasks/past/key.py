"""The key of a result: a digest of all that it depends on. The same key, the same result.

What counts: the code cells with their tags, parameters, secrets and declared variables, the kernel's packages, declared
files, and the modules of the repository that are imported. What does not: prose and stored outputs, time-outs and
limits, titles and owners, and whatever a notebook reads without saying so.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from amltasks import __version__
from amltasks.kernels.preload import may_install
from amltasks.notebooks.interpreters import locate_python
from amltasks.notebooks.kernels import KernelMissingError, choose_kernel
from amltasks.notebooks.reading import read_notebook
from amltasks.past.digests import Digests, NotReusableError, files_below
from amltasks.past.environment import Environment, environment_of
from amltasks.past.modules import Modules
from amltasks.platforms.base import NotebookRun

FORMAT = 1
# What changes how Python computes or writes, if it is set.
_VARIABLES = ("PYTHONPATH", "PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONUTF8", "TZ", "LANG", "LC_ALL")


@dataclass(frozen=True)
class Key:
    """text: hexadecimal. files: all whose content it stands for."""

    text: str
    files: frozenset[Path]


class Keys:
    """Makes keys for the runs of one command, in one repository.

    salt: random, of the folder that results are kept in: a list of fingerprints of usual passwords is of no use then.
    left_out: folders in the repository that hold no code of people.
    """

    def __init__(self, root: Path, salt: bytes, left_out: tuple[Path, ...]) -> None:
        self._root = root
        self._roots = (root, root.resolve())
        self._salt = salt
        self._left_out = left_out
        self._digests = Digests()
        self._environments: dict[str, Environment] = {}
        self._modules: dict[tuple[Path, ...], Modules] = {}

    def of(self, run: NotebookRun) -> Key:
        """Raises NotReusableError, and UserError where the notebook cannot be read."""
        notebook = read_notebook(run.source, self._root)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        sources = [cell.source for cell in cells]
        if may_install(sources):
            raise NotReusableError("it installs packages.")
        environment, kernel = self._kernel(run, notebook)
        declared = {file for path in run.files for file in ([path] if path.is_file() else files_below(path))}
        modules = self._modules_for(environment).used_by(sources, run.working_directory)
        files = frozenset(declared | modules | {run.source})
        ingredients = {
            "format": [FORMAT, __version__],
            "notebook": run.notebook,
            "workingDirectory": self._name(run.working_directory),
            "cells": [[cell.source, cell.metadata.get("tags", [])] for cell in cells],
            "parameters": run.parameters,
            "kernel": kernel,
            "environment": environment.lock,
            "variables": {name: os.environ.get(name) for name in _VARIABLES},
            "hidden": self._hidden(run),
            "files": {self._name(path): self._digests.file(path) for path in sorted(declared | modules)},
        }
        self._digests.file(run.source)
        text = json.dumps(ingredients, sort_keys=True, default=str)
        return Key(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), files)

    def holds(self, key: Key) -> bool:
        """Whether its files are what they were when the key was made."""
        return self._digests.unchanged(key.files)

    def _kernel(self, run: NotebookRun, notebook: NotebookNode) -> tuple[Environment, list[str]]:
        environment = self._environment(run)
        try:
            kernel = choose_kernel(
                notebook,
                python=run.python,
                kernel=run.kernel,
                environment=os.environ,
                folder=run.working_directory,
                known=environment.interpreter,
            )
        except KernelMissingError as error:
            raise NotReusableError(str(error)) from None
        if not kernel.is_ipykernel:
            raise NotReusableError(f"what the kernel {kernel.name} consists of is not known.")
        return environment, [kernel.name, kernel.language]

    def _environment(self, run: NotebookRun) -> Environment:
        if run.python not in self._environments:
            found = locate_python(run.python, os.environ)
            self._environments[run.python] = environment_of(found, os.environ, self._root)
        return self._environments[run.python]

    def _modules_for(self, environment: Environment) -> Modules:
        elsewhere = tuple(path for path in environment.loose if not any(map(path.is_relative_to, self._roots)))
        if elsewhere not in self._modules:
            self._modules[elsewhere] = Modules(self._root, self._left_out, elsewhere)
        return self._modules[elsewhere]

    def _hidden(self, run: NotebookRun) -> str:
        """Secrets and declared variables, which may be secret as well."""
        values: dict[str, Any] = {name: os.environ.get(name) for name in run.variables}
        values |= run.environment
        return _fingerprint(json.dumps(values, sort_keys=True), self._salt) if values else ""

    def _name(self, path: Path) -> str:
        """The same on every agent, for what lies in the repository."""
        inside = next((root for root in self._roots if path.is_relative_to(root)), None)
        return path.relative_to(inside).as_posix() if inside else path.as_posix()


@cache
def _fingerprint(text: str, salt: bytes) -> str:
    """Slow to make, by purpose: trying out what the text could have been takes as long for each guess."""
    return hashlib.scrypt(text.encode("utf-8", "surrogatepass"), salt=salt, n=2**14, r=8, p=1).hex()
