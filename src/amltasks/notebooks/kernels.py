"""Which kernel a notebook gets: the user's own interpreter for Python, the installed kernel for another language.

A Python notebook runs on the interpreter that was given whatever its kernel is called, because the name in the file is
the one of somebody's laptop. Nothing from the notebook's metadata reaches a path or a command line.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbformat import NotebookNode

from amltasks.kernels.command import LAUNCHER, KernelCommand
from amltasks.notebooks.cells import one_line
from amltasks.notebooks.interpreters import locate_python, outside_of_ours

OLDEST_PYTHON = (3, 8)
OLDEST_IPYKERNEL = 6
_USUAL_NAMES = {"", "python", "python3"}
_VALID_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_PROBE_SECONDS = 60
_NO_HISTORY = "--HistoryManager.hist_file=:memory:"  # parallel kernels fight over the file

# Understood by Python 2 too, imports nothing that a file in the notebook's folder could shadow.
_PROBE = """
import sys
sys.path[:] = [p for p in sys.path if p]
version = ""
try:
    from importlib.metadata import version as find
    import importlib.util
    version = find("ipykernel") if importlib.util.find_spec("ipykernel") else ""
except Exception:
    pass
print("\\t".join(["amltasks-probe", "%d.%d.%d" % sys.version_info[:3], sys.executable, sys.prefix, version]))
"""


class KernelMissingError(Exception):
    """No kernel for this notebook; the message says what there is and what to do."""


@dataclass(frozen=True)
class Kernel:
    """A kernel to start.

    argv: with `{connection_file}` in it. environment: what the kernel adds to the one it is started in.
    label: for people. notes: what a person should know about the choice.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    language: str
    name: str
    label: str
    interrupt_by_message: bool = False
    notes: tuple[str, ...] = ()

    @property
    def is_ipykernel(self) -> bool:
        """Whether it is ours to start: a Python kernel, which can be reached through a socket file."""
        return str(LAUNCHER) in self.argv


@dataclass(frozen=True)
class Interpreter:
    """A Python as it describes itself; ipykernel: its version, empty where it is not installed."""

    executable: str
    version: str
    prefix: str
    ipykernel: str


def choose_kernel(
    notebook: NotebookNode,
    *,
    python: str,
    kernel: str,
    environment: Mapping[str, str],
    folder: Path,
    known: Interpreter | None = None,
) -> Kernel:
    """The kernel for a notebook. python, kernel: what the user asked for, empty for the default.

    environment, folder: what the kernel will be started in. known: an interpreter that need not be asked about itself.
    Raises KernelMissingError.
    """
    named, language = _asked(notebook)
    if kernel and kernel not in _USUAL_NAMES:
        return installed(kernel, environment) or _missing(
            f'The kernel "{one_line(kernel, 60)}" is not installed on this machine.', environment
        )
    if language and not _is_python(language) and not kernel:
        return _of_language(language, named, environment) or _missing(
            f'The notebook is written in {one_line(language, 30)} (kernel "{one_line(named, 60)}"), '
            "and no kernel of that language is installed on this machine.",
            environment,
        )
    if named not in _USUAL_NAMES and not language and not kernel:
        found = installed(named, environment)
        if found and not _is_python(found.language):
            return found
    return _python_kernel(python, "" if kernel else named, environment, folder, known)


def _python_kernel(
    python: str, named: str, environment: Mapping[str, str], folder: Path, known: Interpreter | None
) -> Kernel:
    interpreter = find_interpreter(python, environment, folder, known)
    asked = one_line(named, 60) or "(unreadable)"
    note = f'The notebook names the kernel "{asked}"; it ran on {interpreter.executable} instead.'
    return Kernel(
        argv=(
            interpreter.executable,
            str(LAUNCHER),
            "-f",
            "{connection_file}",
            _NO_HISTORY,
        ),
        environment=outside_of_ours(environment, interpreter.prefix),
        language="python",
        name="python3",
        label=f"Python {interpreter.version} ({interpreter.executable})",
        notes=() if named in _USUAL_NAMES else (note,),
    )


def find_interpreter(
    python: str, environment: Mapping[str, str], folder: Path, known: Interpreter | None = None
) -> Interpreter:
    """The interpreter for Python kernels, asked about itself. Raises KernelMissingError where it will not do."""
    found = locate_python(python, environment)
    if not found:
        what = f'"{python}" does not exist or cannot be executed' if python else "there is no python on the PATH"
        raise KernelMissingError(
            f"No Python for the notebook's kernel: {what}. Name one with the input `python`, "
            "or put the task UsePythonVersion before this one."
        )
    interpreter = known if known and known.executable == found else _probe(found, environment, folder)
    described = f"{interpreter.executable} (Python {interpreter.version})"
    if tuple(map(int, interpreter.version.split(".")[:2])) < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise KernelMissingError(f"{described} is too old to run notebooks: Python {oldest} or later is needed.")
    install = f'"{interpreter.executable}" -m pip install'
    if not interpreter.ipykernel:
        raise KernelMissingError(
            f"{described} cannot run notebooks, because ipykernel is not installed in it. "
            f"This installs it: {install} ipykernel"
        )
    if int(interpreter.ipykernel.split(".")[0]) < OLDEST_IPYKERNEL:
        raise KernelMissingError(
            f"{described} has ipykernel {interpreter.ipykernel}, which is too old. "
            f"This installs a newer one: {install} --upgrade ipykernel"
        )
    return interpreter


def _probe(executable: str, environment: Mapping[str, str], folder: Path) -> Interpreter:
    try:
        answer = subprocess.run(
            [executable, "-c", _PROBE],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelMissingError(f"The Python for the notebook does not start: {executable}: {error}") from None
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        fields = line.split("\t")
        if len(fields) == 5 and fields[0] == "amltasks-probe":
            return Interpreter(executable=fields[2], version=fields[1], prefix=fields[3], ipykernel=fields[4])
    said = answer.stderr.decode("utf-8", "replace").strip().splitlines()
    why = one_line(said[-1], 300) if said else f"exit code {answer.returncode}"
    raise KernelMissingError(f"The Python for the notebook does not work: {executable}: {why}")


def _asked(notebook: NotebookNode) -> tuple[str, str]:
    """(kernel name, language) of a notebook, empty where it has none or something that is not text."""
    metadata = notebook.metadata
    spec, info = metadata.get("kernelspec"), metadata.get("language_info")
    spec, info = (spec if isinstance(spec, dict) else {}), (info if isinstance(info, dict) else {})
    language = spec.get("language") or info.get("name") or ""
    name = spec.get("name") or ""
    return (name if isinstance(name, str) else repr(name)), (language if isinstance(language, str) else "")


def _is_python(language: str) -> bool:
    return language.lower() in {"python", "python3", "ipython", "python2"}


def installed(name: str, environment: Mapping[str, str]) -> Kernel | None:
    """The installed kernel of that name, if there is one, to be started in `environment`."""
    spec = _kernel_specs(environment).get(name) if _VALID_NAME.fullmatch(name) else None
    return _from_spec(name, spec, environment) if spec else None


def _of_language(language: str, name: str, environment: Mapping[str, str]) -> Kernel | None:
    """The installed kernel of that language: the one of that name, else the first one."""
    specs = {
        found: spec
        for found, spec in sorted(_kernel_specs(environment).items())
        if str(spec.language).lower() == language.lower()
    }
    if name in specs:
        return _from_spec(name, specs[name], environment)
    if not specs:
        return None
    other = next(iter(specs))
    note = f'The kernel "{one_line(name, 60)}" that the notebook names is not installed; it ran on "{other}" instead.'
    return replace(_from_spec(other, specs[other], environment), notes=(note,))


def _from_spec(name: str, spec: KernelSpec, environment: Mapping[str, str]) -> Kernel:
    argv = tuple(str(part).replace("{resource_dir}", spec.resource_dir) for part in spec.argv)
    return Kernel(
        argv=(*argv, _NO_HISTORY) if KernelCommand.parse(argv) else argv,
        environment={**environment, **{str(key): str(value) for key, value in (spec.env or {}).items()}},
        language=str(spec.language),
        name=name,
        label=f"{one_line(str(spec.display_name), 60)} ({name})",
        interrupt_by_message=spec.interrupt_mode == "message",
    )


def _missing(why: str, environment: Mapping[str, str]) -> NoReturn:
    names = ", ".join(sorted(_kernel_specs(environment))) or "none"
    raise KernelMissingError(f"{why} Installed kernels: {names}.")


def _kernel_specs(environment: Mapping[str, str]) -> dict[str, KernelSpec]:
    """name → KernelSpec of every readable kernel that Jupyter finds on this machine, and in JUPYTER_PATH."""
    manager = KernelSpecManager(ensure_native_kernel=False)
    extra = [str(Path(path) / "kernels") for path in environment.get("JUPYTER_PATH", "").split(os.pathsep) if path]
    manager.kernel_dirs = [*extra, *manager.kernel_dirs]
    specs: dict[str, KernelSpec] = {}
    for name in manager.find_kernel_specs():
        try:
            specs[name] = manager.get_kernel_spec(name)
        except (OSError, ValueError, KeyError):  # a broken kernel.json of somebody else
            continue
    return specs
