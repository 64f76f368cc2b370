"""One scoring server, as Azure ML's containers start it: the real inference server, told by variables what to serve."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from amltasks.data import Data
from amltasks.notebooks.processes import MARKER

_APPLICATION = "azureml_inference_server_http.server.entry:app"
_LONGEST_REQUEST = 300.0  # seconds, after which gunicorn takes its worker for dead: the containers' own default
# Of our environment, what a program needs to run and to reach others. A pipeline's variables and secrets are not in it.
_HANDED_ON = (
    "PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE", "PATHEXT",
    "COMSPEC", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY", "no_proxy",
)  # fmt: skip
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
# Versions that do not know a setting leave it. On Linux the server ends with whoever has started it, even if killed.
_SETTINGS = """control_socket_disable = True


def on_starting(server):
    import ctypes, signal, sys

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
"""


class Server(Data):
    """code: a folder; script: a path in it. models: what AZUREML_MODEL_DIR names; None where there is none.

    variables: the deployment's own. workers: processes. timeout: of one request, seconds; None for the server's own.
    """

    python: Path
    code: Path
    script: str
    models: Path | None = None
    variables: dict[str, str] = {}
    workers: int = 1
    timeout: float | None = None


def clean_environment() -> dict[str, str]:
    """What of our environment may be seen by what runs here, longer than we do perhaps."""
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    return kept | {name: os.environ[name] for name in _PROXIES if "@" not in os.environ.get(name, "@")}


def command(server: Server, home: Path, listen: str) -> list[str]:
    """listen: `fd://N` or, on Windows, `127.0.0.1:PORT`. home: an existing folder of the server's own."""
    if os.name == "nt":
        port = listen.rpartition(":")[2]
        return [str(server.python), "-m", "azureml_inference_server_http", "--entry_script", server.script,
                "--port", port]  # fmt: skip
    settings = home / "gunicorn.py"
    settings.write_text(_SETTINGS, "utf-8")
    longest = max(_LONGEST_REQUEST, 2 * (server.timeout or 0))
    words = [str(server.python), "-m", "gunicorn", "--config", str(settings), "--bind", listen]
    return [*words, "--workers", str(server.workers), "--timeout", f"{longest:.0f}", _APPLICATION]


def variables(server: Server, home: Path, marker: str) -> dict[str, str]:
    """The whole environment of the server. marker: by which its processes are found."""
    clean = clean_environment()
    own = {
        "PATH": os.pathsep.join([str(server.python.parent), clean.get("PATH", os.defpath)]),
        "HOME": str(home),
        "TMPDIR": str(home),
        "VIRTUAL_ENV": str(server.python.parent.parent),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "AML_APP_ROOT": str(server.code),
        "AZUREML_ENTRY_SCRIPT": server.script,
        "WORKER_COUNT": str(server.workers),
        MARKER: marker,
    }
    if server.models is not None:
        own["AZUREML_MODEL_DIR"] = str(server.models)
    if server.timeout is not None:
        own["SCORING_TIMEOUT_MS"] = str(round(server.timeout * 1000))
    return clean | own | server.variables


def model_folder(folders: Mapping[str, Path], root: Path) -> Path | None:
    """Lays models out as Azure ML does, and says what AZUREML_MODEL_DIR names: one model's folder, or that of several.

    folders: id (`name:version`) → a folder with what was registered. root: an existing folder.
    """
    top = root / "azureml-models"
    places = []
    for model, folder in folders.items():
        name, _, version = model.rpartition(":")
        place = top / name / version
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)  # of a try before
        place.symlink_to(folder.absolute(), target_is_directory=True)
        places.append(place)
    return places[0] if len(places) == 1 else top if places else None
