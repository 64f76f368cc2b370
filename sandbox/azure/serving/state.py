"""All scoring servers of a cloud. None of them outlives the sandbox."""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.azure.execution.environments import BuildError, interpreter, pip_lines
from sandbox.azure.execution.state import Images
from sandbox.azure.serving.container import PACKAGE, Container
from sandbox.azure.serving.spec import Cause, Spec, StartFailedError

_DRAIN_SECONDS, _END_SECONDS = 60, 10
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
        self._changed = threading.Condition(self._lock)
        self._starts = 0  # that go on
        self._closed = False

    def start(self, key: str, spec: Spec) -> None:
        """Have a server for a key; returns when it answers.

        One that is there serves until then, and ends when its last request was answered. StartFailedError: what served
        before goes on.
        """
        with self._starting():
            python = self._python(spec)
            container = self._add(key, spec, python)
            container.fetch()
            container.start()
            with self._changed:
                if self._closed or self._latest.get(key) is not container:
                    gone: Container | None = container  # it was stopped meanwhile
                else:
                    gone = self._serving.get(key)
                    self._serving[key] = container
            if gone:
                _end(gone)

    def serves(self, key: str) -> bool:
        with self._lock:
            return key in self._serving

    def enter(self, key: str, most: int | None = None) -> Container | None:
        """The server that a request for a key goes to, counted in; None where there is none. BusyError: `most` are in.

        Whoever got one calls its `leave` in the end.
        """
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
            _end(container)

    def close(self) -> None:
        """End all of them at once."""
        with self._changed:
            self._closed = True
            containers = {*self._serving.values(), *self._latest.values()}
            self._serving, self._latest = {}, {}
        for container in containers:
            container.kill()
        with self._changed:
            self._changed.wait_for(lambda: not self._starts, _END_SECONDS)
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Have the end wait for what is started."""
        with self._changed:
            self._starts += 1
        try:
            yield
        finally:
            with self._changed:
                self._starts -= 1
                self._changed.notify_all()

    def _add(self, key: str, spec: Spec, python: Path) -> Container:
        """The newest of a key, not started yet; one that had failed is forgotten."""
        with self._lock:
            if self._closed:
                raise StartFailedError(Cause.CRASH, "The sandbox has ended.")
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="sandbox-serving-", ignore_cleanup_errors=True)
            container = Container(spec, python, Path(self._folder.name) / uuid.uuid4().hex)
            before = self._latest.get(key)
            self._latest[key] = container
            failed = before if before is not self._serving.get(key) else None
        if failed:
            failed.remove()
        return container

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


def _end(container: Container) -> None:
    """Of one that gets no more requests: those that it has are answered."""
    container.drain(_DRAIN_SECONDS)
    container.stop()
    container.remove()
