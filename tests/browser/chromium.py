"""A headless Chromium that reports what a page does: scripts it parses, dialogs it opens, requests it makes."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")


def find() -> str | None:
    """The browser's program; AMLTASKS_TEST_BROWSER names another one."""
    named = os.environ.get("AMLTASKS_TEST_BROWSER")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)


@dataclass
class Seen:
    """What a page did while it was loaded and for a moment after."""

    requests: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


class Chromium:
    """One browser process; `close` ends it."""

    def __init__(self, program: str, profile: Path) -> None:
        quiet = "no-first-run disable-gpu disable-sync disable-component-update disable-background-networking"
        self._process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",  # containers have no user namespaces; the pages are our own
                *(f"--{flag}" for flag in quiet.split()),
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                "--remote-allow-origins=*",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._port = self._listening_port(profile / "DevToolsActivePort")

    def page(self, width: int = 1280, height: int = 800, *, dark: bool = False) -> Page:
        request = Request(f"http://127.0.0.1:{self._port}/json/new?about:blank", method="PUT")
        with urlopen(request) as answer:
            return Page(json.load(answer)["webSocketDebuggerUrl"], width, height, dark=dark)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(60)

    def _listening_port(self, file: Path) -> int:
        for _ in range(900):
            if self._process.poll() is not None:
                raise RuntimeError(f"the browser ended with code {self._process.returncode}")
            if file.exists() and file.read_text():
                return int(file.read_text().split()[0])
            time.sleep(0.1)
        raise TimeoutError("the browser did not start within 90 seconds")


class Page:
    """One tab."""

    def __init__(self, address: str, width: int, height: int, *, dark: bool) -> None:
        self._socket = websocket.create_connection(address, timeout=120)
        self._numbers = itertools.count(1)
        self._events: list[dict[str, Any]] = []
        for domain in ("Page", "Network", "Runtime", "Debugger"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, path: Path, settle: float = 0.15) -> Seen:
        """Loads a file and waits `settle` seconds for what it might do afterwards."""
        self._events.clear()
        self._call("Page.navigate", url=path.as_uri())
        self._until("Page.loadEventFired")
        deadline = time.monotonic() + settle
        while time.monotonic() < deadline:
            self._call("Runtime.getHeapUsage")  # an answer comes after the events before it
            time.sleep(0.02)
        seen = Seen()
        for event in self._events:
            parameters = event["params"]
            if event["method"] == "Network.requestWillBeSent":
                address = parameters["request"]["url"]
                if address != path.as_uri() and not address.startswith("data:"):
                    seen.requests.append(address)
            elif event["method"] == "Debugger.scriptParsed":
                seen.scripts.append(parameters["url"] or "(inline)")
            elif event["method"] == "Page.javascriptDialogOpening":
                seen.dialogs.append(parameters["message"])
        return seen

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        self._call("Page.close")
        self._socket.close()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = self._send(method, **parameters)
        while True:
            message = self._receive()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result

    def _send(self, method: str, **parameters: Any) -> int:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return number

    def _until(self, event: str) -> None:
        while not any(seen["method"] == event for seen in self._events):
            self._receive()

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv())
        if "method" in message:
            self._events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":  # a dialog holds the page until it is answered
                answer = {
                    "id": next(self._numbers),
                    "method": "Page.handleJavaScriptDialog",
                    "params": {"accept": True},
                }
                self._socket.send(json.dumps(answer))
        return message
