"""A folder from which a scoring image is built: `docker build FOLDER`, offline once base image and wheels are there.

    Dockerfile          base image, packages, model, code, the real inference server on port 5001
    requirements.txt    what pip installs: the conda file's packages, and the server where they lack it
    wheels/             those packages, where they were asked for: then the image is built without an index
    code/               the source folder
    models/NAME/VERSION the models, as AZUREML_MODEL_DIR has them

The same model, code and settings give the same bytes and times.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.platforms.endpoints import DeploymentSpec, Tell
from amltasks.platforms.local.serving.conda import SERVER, SERVER_VERSION, Wanted, wanted_by
from amltasks.quoting import quoted

PORT = 5001  # as of the images of Azure ML
DOCKERFILE, REQUIREMENTS, WHEELS, CODE, MODELS = "Dockerfile", "requirements.txt", "wheels", "code", "models"
_PYTHON = "3.11"
_APPLICATION = "azureml_inference_server_http.server.entry:app"
_ROOT = "/var/azureml-app"
_LONG_AGO = 315532800  # seconds: the first moment of 1980, which every file system and archive knows
_IGNORED = shutil.ignore_patterns(".git", "__pycache__", "*.pyc", ".ipynb_checkpoints")
# What the images are for; older pips and newer wheels name the same platforms differently.
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "linux_x86_64")
_NAMES_FILE = re.compile(r"-r|--requirement|-c|--constraint|-e|--editable|\.{0,2}/")
_REASON_LINES = 3


class Container(Data):
    """A folder that was written. notes: what a person should know, a sentence each."""

    folder: Path
    notes: tuple[str, ...] = ()


def write_context(
    folder: Path, spec: DeploymentSpec, models: Mapping[str, Path], tell: Tell, *, wheels: bool = False
) -> Container:
    """folder: a new one, or an empty one. models: of each of the spec's models, by id, its file or folder.

    Raises UserError: for a folder that holds something, a conda file that is none, packages without wheels.
    """
    if spec.environment.name:
        raise UserError(
            f"environment: {quoted(spec.environment.name)} is the workspace's, and is not known here: name a conda "
            "file or requirements, and an image."
        )
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"contextFolder: {quoted(folder)} is not empty: name another folder, or empty it.")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = wanted_by(spec.environment.conda) if spec.environment.conda else Wanted()
    lines = [*wanted.requirements, *([] if wanted.has_server else [f"{SERVER}=={SERVER_VERSION}"])]
    for line in lines:
        if _NAMES_FILE.match(line):
            raise UserError(f"condaFile: {quoted(line)} names a file that the image has not: put its lines there.")
    (folder / REQUIREMENTS).write_text("".join(f"{line}\n" for line in lines), "utf-8")
    shutil.copytree(spec.code, folder / CODE, ignore=lambda place, names: _left_out(place, names, folder.resolve()))
    for model in spec.models:
        _copy_model(models[model.id], folder / MODELS / model.name / model.version)
    if wheels:
        _download(folder, wanted.python or _PYTHON, tell)
    (folder / DOCKERFILE).write_text(_dockerfile(spec, wanted, wheels=wheels), "utf-8")
    _forget_times(folder)
    return Container(folder=folder, notes=wanted.notes)


def _dockerfile(spec: DeploymentSpec, wanted: Wanted, *, wheels: bool) -> str:
    return "".join(f"{line}\n" for line in _lines(spec, wanted, wheels=wheels))


def _lines(spec: DeploymentSpec, wanted: Wanted, *, wheels: bool) -> Iterator[str]:
    image = spec.environment.image or f"python:{wanted.python or _PYTHON}-slim"
    install = ["python", "-m", "pip", "install", "--no-cache-dir"]
    yield f"FROM {image}"
    yield f"WORKDIR {_ROOT}"
    yield f"COPY {REQUIREMENTS} ./"
    if wheels:
        yield f"COPY {WHEELS}/ {WHEELS}/"
        install += ["--no-index", f"--find-links={WHEELS}"]
    yield f"RUN {shlex.join([*install, '-r', REQUIREMENTS])}"
    yield f"COPY {MODELS}/ azureml-models/"
    yield f"COPY {CODE}/ {CODE}/"
    for name, value in _variables(spec).items():
        yield f"ENV {name}={_quoted(value)}"
    yield f"LABEL amltasks.models={_quoted(', '.join(model.id for model in spec.models))}"
    yield f"EXPOSE {PORT}"
    workers = str(spec.requests.concurrent or 1)
    server = ["python", "-m", "gunicorn", "--bind", f"0.0.0.0:{PORT}", "--workers", workers, "--timeout", "300"]
    yield f"CMD {json.dumps([*server, '--access-logfile', '-', _APPLICATION])}"


def _variables(spec: DeploymentSpec) -> dict[str, str]:
    below = f"{spec.models[0].name}/{spec.models[0].version}" if len(spec.models) == 1 else ""
    return {
        "AML_APP_ROOT": f"{_ROOT}/{CODE}",
        "AZUREML_ENTRY_SCRIPT": spec.script,
        "AZUREML_MODEL_DIR": f"{_ROOT}/azureml-models/{below}".rstrip("/"),
        **dict(sorted(spec.variables.items())),
    }


def _quoted(text: str) -> str:
    """As a value in a Dockerfile, where `$` begins a variable and a line cannot go on."""
    if "\n" in text or "\r" in text:
        raise UserError(f"variables: {quoted(text)} has several lines, which no image can be given.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _left_out(place: str, names: list[str], context: Path) -> set[str]:
    """Of a folder of the code; the context, too, which may lie in it."""
    return {*_IGNORED(place, names), *(name for name in names if Path(place, name).resolve() == context)}


def _copy_model(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    if source.is_dir():
        shutil.copytree(source, target / source.name)
    else:
        shutil.copyfile(source, target / source.name)


def _download(folder: Path, python: str, tell: Tell) -> None:
    """The wheels of all requirements and of what they need, for the image's Python, whatever this machine's is."""
    tell(f"Downloading wheels for Python {python} …")
    with tempfile.TemporaryDirectory(prefix="amltasks-") as place:
        base = getattr(sys, "_base_executable", "") or sys.executable
        _run([base, "-I", "-m", "venv", place])
        pip = [str(Path(place) / ("Scripts" if os.name == "nt" else "bin") / "python"), "-I", "-m", "pip"]
        platforms = [word for name in _PLATFORMS for word in ("--platform", name)]
        places = ["-r", str(folder / REQUIREMENTS), "-d", str(folder / WHEELS)]
        options = ["--progress-bar", "off", "--only-binary=:all:", "--python-version", python, *platforms]
        _run([*pip, "download", *options, *places])


def _run(command: list[str]) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        said = [line.removeprefix("ERROR: ").strip() for line in done.stderr.splitlines() if line.strip()]
        raise UserError(f"wheels: they could not be had: {' | '.join(said[-_REASON_LINES:]) or 'pip said nothing'}")


def _forget_times(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_LONG_AGO, _LONG_AGO))
