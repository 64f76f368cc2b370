"""Networks as they are: proxies, certificates of a company's own, a home that cannot be written to, verbose logs."""

from __future__ import annotations

import http.client
import logging
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn

from amltasks.report.model import ArtefactKind
from sandbox.application import Application
from sandbox.faults import Fault
from tests.sandbox.publishing.scene import Scene, notebook_result


class Proxy(BaseHTTPRequestHandler):
    """A forward proxy for plain HTTP."""

    passed: list[str]

    def target(self) -> str:
        return self.path

    def _forward(self) -> None:
        self.passed.append(f"{self.command} {urlsplit(self.path).path}")
        address = urlsplit(self.target())
        upstream = http.client.HTTPConnection(address.hostname or "", address.port or 80)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream.request(self.command, f"{address.path}?{address.query}", body, dict(self.headers.items()))
        answer = upstream.getresponse()
        self._answer(answer.status, answer.headers.get("Content-Type", ""), answer.read())

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_OPTIONS = _forward  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quietly."""


class OnPremises(Proxy):
    """Azure DevOps Server: a collection below `tfs`, and no resource areas."""

    collection_url: str

    def target(self) -> str:
        return self.path.replace("/tfs/collection/", self.collection_url).replace(
            "/tfs/Collection/", self.collection_url
        )

    def _forward(self) -> None:
        if self.path.endswith("/ResourceAreas"):
            self._answer(200, "application/json", b'{"count": 0, "value": []}')
        else:
            super()._forward()

    do_GET = do_POST = do_PATCH = do_OPTIONS = _forward  # noqa: N815


@contextmanager
def serving(handler: type[Proxy], **attributes: object) -> Iterator[tuple[str, list[str]]]:
    """Gives the address and what has passed."""
    passed: list[str] = []
    recording = type("Recording", (handler,), {"passed": passed, **attributes})
    with ThreadingHTTPServer(("127.0.0.1", 0), recording) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", passed
        server.shutdown()


@contextmanager
def https(scene: Scene, certificate: Path, key: Path) -> Iterator[str]:
    """The scene's world by HTTPS; gives the collection's address."""
    config = uvicorn.Config(
        Application(scene.world),
        port=0,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"https://127.0.0.1:{port}/{scene.world.organization}/"
    server.should_exit = True
    thread.join()


def test_the_proxy_of_the_environment_is_used(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Proxy) as (url, passed):
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        publisher = scene.publish([notebook_result()])

    assert publisher.problems() == ()
    methods = [exchange.method for exchange in scene.requests()]
    assert len(passed) == len(methods)
    assert methods[-4:] == ["GET", "POST", "POST", "PATCH"]  # before them the client may have asked where all is


def test_a_collection_of_azure_devops_server(scene: Scene) -> None:
    """A longer address, and an empty list of resource areas: all are on the collection's own address."""
    with serving(OnPremises, collection_url=scene.server.collection_url) as (url, passed):
        publisher = scene.publish([notebook_result()], url=f"{url}/tfs/Collection/")

    assert publisher.problems() == ()
    assert len(passed) > 4
    assert scene.runs[0].state == "Completed"


def test_a_redirect_names_the_address_to_use(scene: Scene) -> None:
    """A write is not sent to another address by itself."""
    moved = {"Location": "https://new.example/sandbox/_apis"}
    scene.world.faults.add(Fault(method="POST", status=302, headers=moved))

    (problem,) = scene.publish([notebook_result()]).problems()

    assert "is redirected to https://new.example: use that address." in problem


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_a_certificate_of_ones_own_authority(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused in one sentence that says what to do; accepted once the authority is named."""
    certificate, key = scene.folder / "certificate.pem", scene.folder / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *files, *subject], check=True, capture_output=True
    )
    with https(scene, certificate, key) as url:
        refused = scene.publish([notebook_result()], url=url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        accepted = scene.publish([notebook_result()], url=url)

    (problem,) = refused.problems()
    assert "certificate verify failed" in problem
    assert "REQUESTS_CA_BUNDLE" in problem
    assert accepted.problems() == ()


def test_neither_token_nor_bodies_are_logged(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK writes whole bodies to the debug log when somebody listens."""
    caplog.set_level(logging.DEBUG)
    file = scene.artefact(ArtefactKind.NOTEBOOK, "n.ipynb", b"{}")

    scene.publish([notebook_result(message="what nobody should read in a log", artefacts=(file,))])

    assert len(scene.requests()) > 5
    assert scene.token not in caplog.text
    assert "notebooks/n0001" not in caplog.text


def test_a_home_that_cannot_be_written_to_is_no_matter(tmp_path: Path) -> None:
    """The SDK wants a cache in the home directory at import; jobs of one agent would share it."""
    home = tmp_path / "home"
    source = "import os, amltasks.devops.sdk; print(os.environ.get('AZURE_DEVOPS_CACHE_DIR'))"
    environment = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[3] / "src"), "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr
    assert list(tmp_path.iterdir()) == []
