"""The Python that a scoring script runs in: a virtual environment for each list of packages, made once.

    <tools>/amltasks-scoring/<key>/               ready: moved here whole; its stamp tells when it was last used
    <tools>/amltasks-scoring/<key>.new-<random>/  being made, or left by somebody who was ended meanwhile

No locks: whoever is second finds the place taken, and uses what is there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from amltasks.data import Data
from amltasks.platforms.endpoints import ScoringEnvironment, Tell
from amltasks.platforms.local.serving.conda import SERVER, SERVER_VERSION, Wanted, wanted_by

_STAMP = ".amltasks-used"
_UNUSED_SECONDS = 30 * 24 * 3600.0
_ABANDONED_SECONDS = 3600.0
_REASON_LINES = 3


class ScoringPython(Data):
    """path: of the interpreter. seconds: that making it took; None where it was there.

    notes: what is otherwise here than on Azure ML, a sentence each.
    lacks_server: whether the packages are without the inference server, so that Azure ML would refuse them.
    """

    path: Path
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    lacks_server: bool = False


class NotMadeError(Exception):
    """The environment cannot be made: one sentence. log: all that was said by whoever tried."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


def scoring_python(environment: ScoringEnvironment, tell: Tell) -> ScoringPython:
    """Made now or earlier. Raises UserError for a conda file that is none, NotMadeError."""
    wanted = wanted_by(environment.conda) if environment.conda else Wanted()
    base, notes = _base_python(wanted)
    if environment.name:
        notes = (*notes, f"The environment {environment.name} is Azure ML's: its packages are not known here.")
    if environment.image:
        notes = (*notes, f"The image {environment.image} is not used here, only the packages are.")
    server = [] if wanted.has_server else [f"{SERVER}=={SERVER_VERSION}"]
    lines = (*wanted.requirements, *server)
    began = time.monotonic()
    folder = tools_folder() / _key(base, lines)
    made = not _is_ready(folder)
    if made:
        tell(f"Making the scoring environment ({len(lines)} packages and what they need) …")
        _make(folder, base, lines)
    touch(folder)
    return ScoringPython(
        path=_interpreter(folder),
        seconds=time.monotonic() - began if made else None,
        notes=(*wanted.notes, *notes),
        lacks_server=bool(server) and bool(environment.conda) and "inference" not in environment.image.lower(),
    )


def touch(folder: Path) -> None:
    """Says that an environment is in use; nobody takes it away for as long as unused ones are kept."""
    os.utime(folder / _STAMP)


def tools_folder() -> Path:
    """Where agents keep tools, or the user's cache."""
    tools = os.environ.get("AGENT_TOOLSDIRECTORY")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(tools or cache) / "amltasks-scoring"


def _base_python(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    """The interpreter of the wanted version, or ours and why."""
    own: str = getattr(sys, "_base_executable", "") or sys.executable
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if wanted.python.count(".") != 1 or wanted.python == version:
        return own, ()
    found = shutil.which(f"python{wanted.python}")
    if found and _run([found, "-I", "-c", "import venv"])[0] == 0:  # version managers have names without an interpreter
        return found, ()
    return own, (f"The conda file asks for Python {wanted.python}, which is not on this machine: {version} is used.",)


def _key(base: str, lines: Sequence[str]) -> str:
    """Files that lines name count by their content."""
    digest = hashlib.sha256("\0".join([os.path.realpath(base), *lines]).encode())
    for line in lines:
        path = Path(line.split(maxsplit=1)[-1])
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _is_ready(folder: Path) -> bool:
    return (folder / _STAMP).is_file() and _interpreter(folder).is_file()


def _make(folder: Path, base: str, lines: Sequence[str]) -> None:
    making = folder.with_name(f"{folder.name}.new-{uuid.uuid4().hex[:8]}")
    try:
        making.mkdir(parents=True)
        _install(making, base, lines)
        (making / _STAMP).touch()
        if not _is_ready(folder):  # files have gone from it; agents are cleaned by strange brooms
            shutil.rmtree(folder, ignore_errors=True)
        try:
            making.rename(folder)
        except OSError:
            if not _is_ready(folder):
                raise
    except OSError as error:
        raise NotMadeError(f"The scoring environment cannot be written to {folder.parent}: {error}.", "") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    _prune(folder.parent)


def _install(folder: Path, base: str, lines: Sequence[str]) -> None:
    """By uv, which is several times faster, where it is on PATH and does it; by pip otherwise."""
    file = folder.with_name(f"{folder.name}.txt")
    file.write_text("\n".join([*lines, ""]), "utf-8")
    python = str(_interpreter(folder))
    uv = shutil.which("uv")
    with_uv = [
        [uv or "", "venv", "--quiet", "--python", base, str(folder)],
        [uv or "", "pip", "install", "--compile-bytecode", "--python", python, "-r", str(file)],
    ]
    with_pip = [
        [base, "-I", "-m", "venv", "--clear", str(folder)],
        [python, "-I", "-m", "pip", "install", "--progress-bar", "off", "-r", str(file)],
    ]
    try:
        if uv and all(_run(command)[0] == 0 for command in with_uv):
            return
        for command in with_pip:
            code, said = _run(command)
            if code:
                raise NotMadeError(f"The scoring environment cannot be made: {_reason(said)}.", said)
    finally:
        file.unlink(missing_ok=True)


def _run(command: Sequence[str]) -> tuple[int, str]:
    """The exit code, and what was said. Indexes, proxies and certificates are as the machine and the job say them."""
    left_out = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    environment = {name: text for name, text in os.environ.items() if name not in left_out}
    settings = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0", "NO_COLOR": "1"}
    done = subprocess.run(
        list(command),
        env={**environment, **settings, "UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout


def _reason(said: str) -> str:
    """pip's own words: why it did not reach an index where it has found nothing at all, else its errors."""
    errors = [line.removeprefix("ERROR: ").strip() for line in said.splitlines() if line.startswith("ERROR: ")]
    broken = re.findall(r"after connection broken by '(.+?)': ", said)
    if broken and "(from versions: none)" in said:
        why = re.sub(r"^.*?(?:0x[0-9a-fA-F]+>|port=\d+\)): ", "", broken[-1]).rstrip("'\")")
        return f"pip does not reach the package index: {why}"
    lines = errors or [line.strip() for line in said.splitlines() if line.strip()]
    return " | ".join(lines[-_REASON_LINES:]).rstrip(".") or "pip said nothing"


def _prune(root: Path) -> None:
    """Takes away what nobody has used for long, and what was never finished."""
    for folder in _folders(root):
        stamp = folder / _STAMP
        try:
            age = time.time() - (stamp if stamp.is_file() else folder).stat().st_mtime
        except FileNotFoundError:
            continue
        if age > (_ABANDONED_SECONDS if ".new-" in folder.name else _UNUSED_SECONDS):
            shutil.rmtree(folder, ignore_errors=True)


def _folders(root: Path) -> Iterator[Path]:
    return (folder for folder in root.iterdir() if folder.is_dir())


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
