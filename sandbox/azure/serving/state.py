"""All scoring servers of a cloud. None of them outlives the sandbox."""

from __future__ import annotations

import tempfile
import threading
import uuid
from pathlib import Path

from sandbox.azure.execution.environments import BuildError, interpreter, pip_lines
from sandbox.azure.execution.places import UnknownPlaceError
from sandbox.azure.execution.state import Images
from sandbox.azure.serving.container import PACKAGE, Container
from sandbox.azure.serving.spec import Cause, Spec, StartFailedError

_DRAIN_SECONDS = 60
# Of the names of images for inference, which bring the server in the version that they had when this was written.
_WITH_SERVER = "inference"
_SERVER = f"{PACKAGE}==1.5.1"


class BusyError(Exception):
    """As many requests as may be are in a server already."""


class Serving:
    """Servers by key; a key has one that serves, and perhaps a newer one that starts or has failed to."""

    def __init__(self, images: Images) -> None:
        self._images = images
        self._serving: dict[str, Container] = {}
        self._latest: dict[str, Container] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def start(self, key: str, spec: Spec) -> None:
        """Have a server for a key; returns when it answers. One that there is serves until then, and is then stopped
        when its last request was answered. StartFailedError: what served before goes on."""
        python = self._python(spec)
        with self._lock:
            folder = self._place() / uuid.uuid4().hex
            folder.mkdir()
            container = Container(spec, python, folder)
            before = self._latest.get(key)
            self._latest[key] = container
            failed = before if before is not self._serving.get(key) else None
        if failed:
            failed.remove()
        self._fetch(spec, folder)
        container.start()
        with self._lock:
            if self._closed or self._latest.get(key) is not container:
                gone: Container | None = container  # it was stopped meanwhile
            else:
                gone = self._serving.get(key)
                self._serving[key] = container
        if gone:
            gone.drain(_DRAIN_SECONDS)
            gone.stop()
            gone.remove()

    def serves(self, key: str) -> bool:
        with self._lock:
            return key in self._serving

    def enter(self, key: str, most: int | None = None) -> Container | None:
        """The server that a request for a key goes to, counted in; None where there is none. BusyError: `most` are in.

        Whoever got one calls its `leave` in the end."""
        with self._lock:
            container = self._serving.get(key)
            if container is not None and not container.enter(most):
                raise BusyError
            return container

    def restarts(self, key: str) -> int:
        """How often the server of a key had died, and was started again."""
        with self._lock:
            container = self._serving.get(key)
        return container.restarts if container else 0

    def log(self, key: str) -> str:
        """What the newest server of a key has written; empty where there is none."""
        with self._lock:
            container = self._latest.get(key)
        return container.log if container else ""

    def stop(self, key: str) -> None:
        """End the servers of a key once their requests are answered, and forget their logs."""
        with self._lock:
            found = {self._serving.pop(key, None), self._latest.pop(key, None)} - {None}
        for container in found:
            assert container is not None
            container.drain(_DRAIN_SECONDS)
            container.stop()
            container.remove()

    def close(self) -> None:
        """End all of them at once."""
        with self._lock:
            self._closed = True
            containers = {*self._serving.values(), *self._latest.values()}
            self._serving, self._latest = {}, {}
        for container in containers:
            container.kill()
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def _python(self, spec: Spec) -> Path:
        """Of the environment. A conda file has a Python of its own, in which what the image brings is not."""
        lines = pip_lines(spec.environment)
        if _WITH_SERVER in str(spec.environment.get("image", "")).lower() and not spec.environment.get("condaFile"):
            lines.append(_SERVER)
        log: list[str] = []
        try:
            return interpreter(self._images.folder, lines, log.append)
        except BuildError as error:
            raise StartFailedError(Cause.IMAGE, f"{error}", "\n".join(log)) from None

    def _fetch(self, spec: Spec, folder: Path) -> None:
        app = folder / "app"
        app.mkdir()
        try:
            spec.fetch(app)
        except UnknownPlaceError as error:
            raise StartFailedError(Cause.FILES, f"{error}") from None

    def _place(self) -> Path:
        if self._closed:
            raise StartFailedError(Cause.CRASH, "The sandbox has ended.")
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="sandbox-serving-", ignore_cleanup_errors=True)
        return Path(self._folder.name)
