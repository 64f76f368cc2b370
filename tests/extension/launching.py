"""The launcher of a task on the disk started as the agent starts it: all it has to say stands in the environment."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
NODE = shutil.which("node") or "node"
UV = Path(sys.executable).with_name("uv")


@dataclass(frozen=True)
class Ended:
    """What the agent sees of a handler that ended. code: negative for a signal."""

    code: int
    output: str
    seconds: float

    @property
    def completions(self) -> list[str]:
        """The results that the launcher itself told the agent, with the sentence of each."""
        return re.findall(r"^##vso\[task\.complete (result=\w+;\].*)$", self.output, re.MULTILINE)

    @property
    def error(self) -> str:
        """The one error that is shown on the run's page."""
        (error,) = re.findall(r"^##vso\[task\.issue type=error;[^\]]*\](.*)$", self.output, re.MULTILINE)
        return str(error)


@dataclass(frozen=True)
class Agent:
    """Folders, PATH and variables of an agent on which nothing is installed but what a test puts there."""

    folder: Path
    tools: Path
    environment: dict[str, str]
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        for folder in (self.path, self.temp, self.folder / "work"):
            folder.mkdir(parents=True)

    @property
    def path(self) -> Path:
        return self.folder / "bin"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    @property
    def environments(self) -> list[Path]:
        """The ready environments and those being made."""
        return sorted((self.tools / "amltasks").glob("*"))

    def has_python(self) -> Agent:
        (self.path / "python3").symlink_to(BASE_PYTHON)
        return self

    def has_uv(self) -> Agent:
        (self.path / "uv").symlink_to(UV)
        return self

    def has_program(self, name: str, text: str) -> Agent:
        program = self.path / name
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        return self

    def start(self, task: Path, file: str = "launcher.js", **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [NODE, str(task / file)],
            cwd=self.folder / "work",
            env={
                "PATH": str(self.path),
                "HOME": str(self.folder),
                "AGENT_TOOLSDIRECTORY": str(self.tools),
                "AGENT_TEMPDIRECTORY": str(self.temp),
                "VSTS_PROCESS_LOOKUP_ID": self.mark,
                **self.environment,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, task: Path, file: str = "launcher.js", **environment: str) -> Ended:
        return finish(self.start(task, file, **environment))

    def processes(self) -> list[str]:
        """Command lines of what still lives of all that was started here, as the agent itself looks for it (Linux)."""
        return [command for environ, command in _processes() if f"VSTS_PROCESS_LOOKUP_ID={self.mark}" in environ]


def finish(launcher: subprocess.Popen[bytes], timeout: float = 120) -> Ended:
    started = time.monotonic()
    output, _ = launcher.communicate(timeout=timeout)
    return Ended(launcher.returncode, output.decode("utf-8"), time.monotonic() - started)


def interrupt(launcher: subprocess.Popen[bytes], by: signal.Signals = signal.SIGINT) -> Ended:
    """Signal the one process, as the agent does; `seconds` then counts from the signal."""
    launcher.send_signal(by)
    return finish(launcher)


def wait_for(file: Path, seconds: float = 60) -> str:
    """The text of a file that somebody is about to write."""
    until = time.monotonic() + seconds
    while not (file.is_file() and (text := file.read_text(encoding="utf-8"))):
        assert time.monotonic() < until, f"{file} was not written"
        time.sleep(0.02)
    return text


def inputs(**given: str) -> dict[str, str]:
    """Inputs as the agent puts them into the environment."""
    return {f"INPUT_{name.upper()}": value for name, value in given.items()}


def variables(public: Mapping[str, str] | None = None, secret: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables as the agent puts them into the environment."""
    public, secret = public or {}, secret or {}
    return {
        **{_variable(name): value for name, value in public.items()},
        **{f"SECRET_{_variable(name)}": value for name, value in secret.items()},
        "VSTS_PUBLIC_VARIABLES": json.dumps(list(public)),
        "VSTS_SECRET_VARIABLES": json.dumps(list(secret)),
    }


def write_wheel(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """A wheel of version 1.0 that installs the files given."""
    info = f"{name}-1.0.dist-info"
    content = {**files, **wheel_information(name)}
    record = [f"{path},sha256={_record_hash(text)},{len(text.encode())}" for path, text in content.items()]
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**content, f"{info}/RECORD": "\n".join([*record, f"{info}/RECORD,,", ""])}.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


def wheel_information(name: str) -> dict[str, str]:
    info = f"{name}-1.0.dist-info"
    return {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }


def seen(agent: Agent) -> dict[str, Any]:
    """What the task's Python wrote down about itself, see RECORDER."""
    content: dict[str, Any] = json.loads((agent.temp / "seen.json").read_text(encoding="utf-8"))
    return content


# A main.py that writes down what reached it.
RECORDER = """
import json, os, sys, pathlib
import ownpackage

def texts(name):
    return pathlib.Path("/proc/self", name).read_bytes().decode().split("\\0")

record = {
    "stdin": json.load(sys.stdin.buffer),
    "argv": texts("cmdline"),
    "environ": dict(text.split("=", 1) for text in texts("environ") if text),
    "isolated": sys.flags.isolated, "utf8": sys.flags.utf8_mode, "prefix": sys.prefix, "cwd": os.getcwd(),
    "leads its group": os.getpgid(0) == os.getpid(),
}
pathlib.Path(os.environ["AGENT_TEMPDIRECTORY"], "seen.json").write_text(json.dumps(record))
"""


def _variable(name: str) -> str:
    return re.sub(r"[. ]", "_", name).upper()


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _processes() -> Iterator[tuple[list[str], str]]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ = (process / "environ").read_bytes().decode(errors="replace").split("\0")
            command = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:  # ended meanwhile, or another user's
            continue
        if int(process.name) != os.getpid():
            yield environ, command
