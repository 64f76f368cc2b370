"""The notebook's view in a browser, in a frame as Azure DevOps makes it, with an eye on what leaves the browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Frame, Page

from amltasks.report.model import ArtefactKind
from amltasks.report.tab_records import TabFile

ROOT = Path(__file__).resolve().parents[2]
TAB = ROOT / "extension" / "tab"
SOURCE = Path(__file__).with_name("notebook_page.tsx")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
HOST = (
    '<!DOCTYPE html><title>Build 7</title><link rel="icon" href="data:,"><body style="margin:0">'
    '<iframe src="{}" style="border:0;width:100vw;height:100vh" title="Notebooks" '
    'sandbox="allow-scripts allow-downloads"></iframe></body>'
)


def built(factory: pytest.TempPathFactory) -> Path:
    """A folder with the tab's own page, which has the view's test page for a script, and a page that frames it."""
    folder = factory.getbasetemp() / "notebook-pages"
    if not folder.exists():
        folder.mkdir()
        _build(folder)
    return folder


def _build(folder: Path) -> None:
    options = ["--bundle", "--format=iife", "--target=es2022", "--jsx=automatic", "--jsx-import-source=preact"]
    command = [str(ROOT / "node_modules" / ".bin" / "esbuild"), str(SOURCE), *options, f"--outfile={folder / 'tab.js'}"]
    subprocess.run([*command, "--log-level=warning"], check=True, cwd=TAB)
    (folder / "tab.html").write_text((TAB / "tab.html").read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copy(AXE, folder / "axe.js")
    (folder / "host.html").write_text(HOST.format("tab.html"), encoding="utf-8")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address under which the folder's files are."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class Trap:
    """A port that nobody has a reason to connect to. visitors: how many have."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.visitors = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visitors += 1
            visitor.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@dataclass
class View:
    """The test page in its frame. Whatever it and its frames did is in `log`: dialogs, windows, faults."""

    page: Page
    log: list[str] = field(default_factory=list)

    def refuse(self, dialog: Dialog) -> None:
        self.log.append(f"dialog {dialog.message}")
        dialog.dismiss()

    @property
    def tab(self) -> Frame:
        return self.page.frames[1]

    @property
    def notebook(self) -> Frame:
        """The frame with the notebook's page, as soon as it is there."""
        frame = self.tab.wait_for_selector("iframe.notebook-page")
        content = frame.content_frame() if frame else None
        assert content is not None
        return content

    def call(self, name: str, *arguments: Any) -> Any:
        """What a function of the test page gives."""
        return self.tab.evaluate(f"arguments => page.{name}(...arguments)", list(arguments))

    def show(self, recording: dict[str, Any], title: str, **place: str) -> None:
        self.call("show", recording, title, place)


@contextmanager
def view(browser: Browser, address: str, width: int = 1280, height: int = 800, **media: Any) -> Iterator[View]:
    """media: of the browser's context, as `color_scheme`."""
    context = browser.new_context(viewport={"width": width, "height": height}, **media)
    page = context.new_page()
    shown = View(page)
    page.on("dialog", shown.refuse)
    page.on("pageerror", lambda error: shown.log.append(f"error {error}"))
    context.on("page", lambda other: shown.log.append(f"window {other.url}"))
    page.goto(f"{address}/host.html")
    page.frames[1].wait_for_function("() => window.page")
    yield shown
    context.close()


def page_file(name: str, size: int = 1000) -> TabFile:
    return TabFile(kind=ArtefactKind.HTML, name="page.html", attachment=name, size=size)


def notebook_file(name: str, size: int = 1000) -> TabFile:
    return TabFile(kind=ArtefactKind.NOTEBOOK, name="sums.ipynb", attachment=name, size=size)
