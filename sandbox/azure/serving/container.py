"""One scoring server: a process on loopback, and another one in its place when it dies."""

from __future__ import annotations

import shlex
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from sandbox.azure.execution.places import UnknownPlaceError
from sandbox.azure.execution.session import Command, Session
from sandbox.azure.serving.spec import Cause, Spec, StartFailedError

PACKAGE = "azureml-inference-server-http"
_APPLICATION = "azureml_inference_server_http.server.entry:app"
# Of gunicorn: any port that is free, which it tells as soon as it listens there.
_SETTINGS = """
import pathlib
control_socket_disable = True
def when_ready(server):
    host, port = server.LISTENERS[0].getsockname()
    new = pathlib.Path({address!r} + ".new")
    new.write_text(f"{{host}}:{{port}}")
    new.replace({address!r})
"""
_LOOK_SECONDS = 0.05
_PROBE_SECONDS = 2
_WORKER_SECONDS = 300  # of a request, after which gunicorn takes its worker for dead: the server's own default
_GRACE_SECONDS, _END_SECONDS = 5, 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_TAIL = 4000  # characters
_MODULE = "lib/python*/site-packages/azureml_inference_server_http"
_MISSING = (
    f"A required package {PACKAGE} is missing. Please consult the troubleshooting guide: https://aka.ms/azmlinfsrv\n"
)


class Container:
    """The server of one Spec, in a folder of its own. python: of the environment.

    Requests are counted in and out, so that the last one may be waited for before it is stopped.
    """

    def __init__(self, spec: Spec, python: Path, folder: Path) -> None:
        self._spec = spec
        self._python = python
        self._folder = folder
        self._log = folder / "log"
        self._address = folder / "address"
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._stopped = threading.Event()
        self._ready = threading.Event()
        self._session: Session | None = None
        self._keeper: threading.Thread | None = None
        self._exit: int | None = None  # the code of a process that ended before it was ready
        self._in_flight = 0
        self.restarts = 0

    @property
    def address(self) -> str:
        """Where its process listens; empty where it does not yet. Another process has another one."""
        try:
            return f"http://{self._address.read_text('ascii')}"
        except FileNotFoundError:
            return ""

    @property
    def log(self) -> str:
        """All that its processes have written."""
        return self._log.read_text("utf-8", "replace") if self._log.is_file() else ""

    def fetch(self) -> None:
        """Its files. StartFailedError."""
        app = self._folder / "app"
        app.mkdir(parents=True)
        try:
            self._spec.fetch(app)
        except UnknownPlaceError as error:
            raise StartFailedError(Cause.FILES, f"{error}") from None

    def start(self) -> None:
        """Returns when it answers. StartFailedError: nothing is left of it then but its log."""
        self._log.touch()
        if not any(self._python.parent.parent.glob(_MODULE)):
            self._log.write_text(_MISSING, "utf-8")
            raise StartFailedError(Cause.CRASH, f"The environment lacks {PACKAGE}.", _MISSING, 1)
        command = self._command()
        self._keeper = threading.Thread(target=self._keep, args=[command], name="sandbox-serving", daemon=True)
        self._keeper.start()
        try:
            self._await()
        except StartFailedError:
            self.kill()
            raise

    def enter(self, most: int | None) -> bool:
        """Count a request in; False where `most` are in already."""
        with self._lock:
            if most is not None and self._in_flight >= most:
                return False
            self._in_flight += 1
            return True

    def leave(self) -> None:
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def drain(self, seconds: float) -> None:
        """Wait until the last request was answered, or for so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._in_flight, seconds)

    def stop(self) -> None:
        """SIGTERM, patience, SIGKILL; what it was doing is over."""
        self._end(Session.stop)

    def kill(self) -> None:
        self._end(Session.kill)

    def remove(self) -> None:
        """Its files, log included."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, how: Callable[[Session], None]) -> None:
        with self._lock:
            self._stopped.set()
            session = self._session
        if session:
            how(session)
        if self._keeper:
            self._keeper.join(_END_SECONDS)

    def _await(self) -> None:
        end = time.monotonic() + self._spec.ready
        with httpx.Client(trust_env=False, verify=False, timeout=_PROBE_SECONDS) as client:
            while not self._stopped.is_set():
                if self._exit is not None:
                    message = f"The process of the scoring server ended with exit code {self._exit}."
                    raise StartFailedError(Cause.CRASH, message, self._tail(), self._exit)
                if _answers(client, self.address) and self._is_alive():
                    return
                if time.monotonic() > end:
                    message = f"The scoring server did not answer GET / with 200 within {self._spec.ready:g} seconds."
                    raise StartFailedError(Cause.PROBE, message, self._tail())
                time.sleep(_LOOK_SECONDS)
        raise StartFailedError(Cause.CRASH, "The scoring server was stopped before it answered.", self._tail())

    def _is_alive(self) -> bool:
        """Whether its process has not ended since it answered; from then on it is started again when it does."""
        with self._lock:
            if self._exit is None:
                self._ready.set()
            return self._ready.is_set()

    def _keep(self, command: Command) -> None:
        """Run the process; once it was ready, run it again whenever it ends."""
        pause = _FIRST_PAUSE
        while True:
            with self._lock:
                if self._stopped.is_set():
                    return
                self._session = Session(command)
            began = time.monotonic()
            code = self._session.wait()
            with self._lock:
                if not self._ready.is_set():
                    self._exit = code
                    return
            self._address.unlink(missing_ok=True)
            pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            if self._stopped.wait(pause):
                return
            self.restarts += 1

    def _command(self) -> Command:
        app = self._folder / "app"
        own = self._folder / "home"
        own.mkdir()
        settings = own / "settings.py"
        settings.write_text(_SETTINGS.format(address=str(self._address)), "utf-8")
        words = [str(self._python), "-m", "gunicorn", "--config", str(settings), "--bind", "127.0.0.1:0"]
        words += ["--workers", str(self._spec.workers), "--timeout", str(_WORKER_SECONDS), _APPLICATION]
        root = app / self._spec.root
        return Command(
            f"exec {shlex.join(words)}",
            root if root.is_dir() else app,
            {**self._spec.network(own), **self._variables(own, root, app)},
            self._log,
            _GRACE_SECONDS,
        )

    def _variables(self, own: Path, root: Path, app: Path) -> Mapping[str, str]:
        """Those of the images; the deployment's own come last."""
        found = {
            "PATH": f"{self._python.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(own),
            "TMPDIR": str(own),
            "LANG": "C.UTF-8",
            "VIRTUAL_ENV": str(self._python.parent.parent),
            "PYTHONUNBUFFERED": "1",
            "AML_APP_ROOT": str(root),
            "AZUREML_ENTRY_SCRIPT": self._spec.script,
            "WORKER_COUNT": str(self._spec.workers),
        }
        if self._spec.models:
            found["AZUREML_MODEL_DIR"] = str(app / self._spec.models)
        return {**found, **self._spec.variables}

    def _tail(self) -> str:
        return self.log[-_TAIL:]


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        return bool(address) and client.get(f"{address}/").status_code == 200
    except httpx.TransportError:
        return False
