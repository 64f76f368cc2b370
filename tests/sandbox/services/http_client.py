"""Raw HTTP against a sandbox, and where the published documents are."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from sandbox.server import Server
from tests.recordings import keep

SHARED = Path(__file__).parents[4] / "shared"


@dataclass
class Client:
    """Raw HTTP against one sandbox, as a client that does everything right unless told otherwise."""

    server: Server
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """path: from the project on, or from the server on where it begins with a slash."""
        base = self.server.base_url if path.startswith("/") else f"{self.server.collection_url}demo/_apis/"
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json;api-version=7.1"}
        headers |= options.pop("headers", {})
        if body is not None:
            options["json"] = body
        return self.session.request(method, base + path, headers=headers, timeout=120, allow_redirects=False, **options)

    def get(self, path: str, **options: Any) -> Any:
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **options: Any) -> Any:
        answer = self.call("POST", path, body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Status and message of a call that must fail, in the service's own form."""
        answer = self.call(method, path, body, **options)
        error = answer.json()
        assert answer.status_code >= 400
        assert set(error) >= {"$id", "message", "typeName", "typeKey", "errorCode", "eventId"}
        return answer.status_code, error["message"]


def check_recording(recording: Path) -> str:
    """What the conformance check says of a recording; empty where all of it is as published."""
    keep(recording)
    checker = [sys.executable, str(SHARED / "conformance" / "check_exchanges.py"), str(recording)]
    checked = subprocess.run(checker, capture_output=True, text=True, check=False)
    return "" if checked.returncode == 0 else checked.stdout
