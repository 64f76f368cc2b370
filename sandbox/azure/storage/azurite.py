"""Azurite, Microsoft's own emulator of storage: installed once from npm, run as a process of one world."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).with_name("azurite")  # package.json and its lock
INSTALLED = Path(__file__).resolve().parents[3] / "build" / "azurite"
START_SECONDS = 60
_LISTENS = re.compile(r"listens on (?P<address>http://\S+)")


class AzuriteError(Exception):
    """Azurite cannot be had, or does not start: the message says why."""


def install() -> Path:
    """The folder of Azurite as the lock has it, filled when the lock is new. AzuriteError where npm fails."""
    files = [PACKAGE / "package.json", PACKAGE / "package-lock.json"]
    folder = INSTALLED / hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise AzuriteError("npm is not on PATH: the sandbox's blobs need Node.js 20 or later, which brings it.")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=INSTALLED))  # whoever is done first gives it its name
    try:
        for file in files:
            shutil.copy(file, fresh)
        command = [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier", "--ignore-scripts"]
        done = subprocess.run(command, cwd=fresh, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise AzuriteError(f"Installing Azurite failed: {done.stderr.strip()}")
        if not folder.is_dir():
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


class Azurite:
    """One running process, for so many accounts (name to key), keeping what it is given in a folder.

    temporary: the folder goes with the process if that ends because this one has died.
    """

    def __init__(self, accounts: Mapping[str, str], folder: Path, *, temporary: bool) -> None:
        node = shutil.which("node")
        if node is None:
            raise AzuriteError("node is not on PATH: the sandbox's blobs need Node.js 20 or later.")
        program = install() / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
        options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--location", str(folder)]
        options += ["--disableTelemetry", "--silent", "--skipApiVersionCheck"]  # clients are newer than it
        self._process = subprocess.Popen(
            [node, "--require", str(PACKAGE / "follow.cjs"), str(program), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "AZURITE_ACCOUNTS": ";".join(f"{name}:{key}" for name, key in accounts.items()),
                "SANDBOX_TEMPORARY": str(folder) if temporary else "",
            },
            start_new_session=True,  # an interrupted terminal ends the sandbox, and the sandbox ends this
        )
        self.accounts = frozenset(accounts)
        self.address = self._listening()
        threading.Thread(target=self._heed, name="azurite-output", daemon=True).start()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, as it likes to be ended: what it keeps is then on disk."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()

    def _heed(self) -> None:
        """Read on: whoever is not listened to stops when the pipe is full."""
        with contextlib.suppress(ValueError):  # closed meanwhile
            for _ in self._process.stdout or ():
                pass

    def _listening(self) -> str:
        """Its address, once it has one."""
        assert self._process.stdout is not None
        told = []
        watch = threading.Timer(START_SECONDS, self._process.kill)
        watch.start()
        try:
            for line in self._process.stdout:
                told.append(line)
                found = _LISTENS.search(line)
                if found:
                    return found["address"]
        finally:
            watch.cancel()
        self.stop()
        raise AzuriteError(f"Azurite did not start: {''.join(told).strip() or 'it said nothing'}")
