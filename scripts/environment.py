"""What the scripts need beside Python ≥ 3.10 and Node ≥ 20: virtual environments and node_modules.

    build/env/dev         the tasks' dependencies, the sandbox, the tests and the checks (requirements/dev.lock)
    build/env/azureml     the tasks' dependencies with the SDK of Azure Machine Learning (requirements/azureml.lock)
    build/env/azureml-v1  the same with the SDK v1, which wants other versions (requirements/azureml-v1.lock)
    build/env/notebooks   what the notebooks' kernels run in (requirements/notebooks.lock)
    build/env/datasets    the SDK v1 with its engine for data (requirements/datasets.lock)
    build/env/bench       the programs that scripts/bench.py compares with (requirements/bench.lock)
    node_modules          the launcher's dependencies and tfx-cli (package-lock.json)

Each is made anew when its lock has changed. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
ENVIRONMENTS = BUILD / "env"
# Not the interpreter of a virtual environment: one made from such goes with it.
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)


def dev_python() -> Path:
    """The interpreter that has everything but the notebooks' libraries, with this package installed from src/."""
    return _virtual_environment("dev", also=("--no-deps", "--no-build-isolation", "--editable", str(ROOT)))


def azureml_python() -> Path:
    """The interpreter of the platform azureml: the SDK v2 unmodified, with this package installed from src/."""
    return _virtual_environment("azureml", also=("--no-deps", "--editable", str(ROOT)))


def azureml_v1_python() -> Path:
    """The interpreter of the platform azureml-v1: the SDK v1 unmodified, with this package installed from src/."""
    return _virtual_environment("azureml-v1", also=("--no-deps", "--editable", str(ROOT)))


def notebooks_python() -> Path:
    """The interpreter that the test and example notebooks run in."""
    return _virtual_environment("notebooks")


def datasets_python() -> Path:
    """The interpreter of the SDK v1 with the engine that reads datasets, for the long tests."""
    return _virtual_environment("datasets")


def bench_python() -> Path:
    """The interpreter of papermill, nbconvert and nbmake as they are published, without anything of this project."""
    return _virtual_environment("bench")


def node_modules() -> Path:
    """The folder of Node packages, as package-lock.json says."""
    folder = ROOT / "node_modules"
    stamp = folder / ".amltasks-stamp"
    wanted = _digest(ROOT / "package-lock.json")
    if not (stamp.is_file() and stamp.read_text() == wanted):
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is not on PATH: install Node.js 20 or later, which brings it.")
        _run(
            [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier"],
            what="installing the Node packages",
        )
        stamp.write_text(wanted)
    return folder


def reexecute_in(python: Path) -> None:
    """Go on as the same script in the interpreter given, unless it is the one that runs already."""
    if Path(sys.prefix).resolve() != python.parent.parent.resolve():
        sys.stdout.flush()
        arguments = [str(python), "-X", "utf8", *sys.argv]
        if os.name == "nt":
            raise SystemExit(subprocess.call(arguments))
        os.execv(python, arguments)


def _virtual_environment(name: str, also: tuple[str, ...] = ()) -> Path:
    folder = ENVIRONMENTS / name
    python = _interpreter(folder)
    lock = ROOT / "requirements" / f"{name}.lock"
    stamp = folder / ".amltasks-stamp"
    wanted = _digest(lock, ROOT / "pyproject.toml")
    if python.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"Preparing {folder.relative_to(ROOT)} …", flush=True)
    if not python.is_file():
        _run([BASE_PYTHON, "-m", "venv", str(folder)], what=f"making the virtual environment {folder}")
    _install(python, ["--require-hashes", "-r", str(lock)], what=f"installing {lock.name}")
    if also:
        _install(python, list(also), what="installing this package")
    stamp.write_text(wanted)
    return python


def _install(python: Path, arguments: list[str], *, what: str) -> None:
    """By uv, which is several times faster, where it can be had and does it; by pip otherwise."""
    uv = _uv()
    if uv:
        # Certificates as the system has them: a proxy's own authority is known there only.
        environment = {**os.environ, "UV_SYSTEM_CERTS": "1"}
        # Compiled, as pip does it: where nothing may be written later, every start would compile every module anew.
        command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *arguments]
        if not subprocess.run(command, cwd=ROOT, check=False, env=environment).returncode:
            return
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments], what=what)


def _uv() -> str | None:
    found = shutil.which("uv")
    if found:
        return found
    python = _interpreter(ENVIRONMENTS / "uv")
    own = python.parent / ("uv.exe" if os.name == "nt" else "uv")
    if not own.is_file():
        _run([BASE_PYTHON, "-m", "venv", str(ENVIRONMENTS / "uv")], what="making a virtual environment for uv")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"]
        subprocess.run(pip, cwd=ROOT, check=False)
    return str(own) if own.is_file() else None


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _run(command: list[str], *, what: str) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"Failed {what} (exit code {done.returncode}): see the messages above.")
