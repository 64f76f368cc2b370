"""A small git repository to be served."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Checkout:
    """A working copy with a first commit on main and a branch that changes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.write("notebooks/train.ipynb", "{}")
        self.write("notebooks/größe.ipynb", "{}")
        self.write("notebooks/old name.ipynb", "line 1\nline 2\nline 3\n")
        self.write("run.sh", "#!/bin/sh\n")
        (path / "run.sh").chmod(0o755)
        self.first = self.commit("first")
        self.git("switch", "-q", "-c", "feature")
        self.write("notebooks/train.ipynb", '{"changed": 1}')
        self.write("notebooks/new.ipynb", "{}")
        self.git("mv", "notebooks/old name.ipynb", "notebooks/new name.ipynb")
        self.git("rm", "-q", "run.sh")
        self.feature = self.commit("change")
        self.git("switch", "-q", "main")
        self.write("README.md", "hello")
        self.main = self.commit("meanwhile")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=A B", "-c", "user.email=a@b.example"]
        command = ["git", "-C", str(self.path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")
