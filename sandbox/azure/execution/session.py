"""The process of a job, as a node runs it: see node.py, which is that process' keeper."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NODE = Path(__file__).with_name("node.py")
_LOST = 137  # the exit code of a process that was killed, and whose keeper was too


@dataclass(frozen=True)
class Command:
    """A text for bash, its folder and environment; log: a file for both streams. grace: see Pace."""

    text: str
    folder: Path
    environment: Mapping[str, str]
    log: Path
    grace: float


class Session:
    """One command, to its end. `stop` and `kill` come from other threads, at any time."""

    def __init__(self, command: Command) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_NODE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=command.folder,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            start_new_session=True,  # an interrupted terminal ends the sandbox, and the sandbox ends this
        )
        self._lock = threading.Lock()
        asked = {
            "command": command.text,
            "folder": str(command.folder),
            "environment": dict(command.environment),
            "log": str(command.log),
            "grace": command.grace,
        }
        self._tell(json.dumps(asked))

    def wait(self) -> int:
        """The exit code, 128 + n for signal n."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            told = output.read().split()
        self._process.wait()
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.close()
        return int(told[-1]) if told else _LOST

    def stop(self) -> None:
        """SIGTERM to all of it, patience, SIGKILL."""
        self._tell("stop")

    def kill(self) -> None:
        self._tell("kill")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with self._lock:
            if not self._process.stdin.closed:
                try:
                    self._process.stdin.write(line.encode() + b"\n")
                    self._process.stdin.flush()
                except BrokenPipeError:  # it has ended
                    return
