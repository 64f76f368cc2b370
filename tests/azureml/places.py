"""A registry, endpoints or computes of Azure ML in the process that has the SDK, asked from a test."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from tests.azureml.cloud import Azure

PROGRAM = Path(__file__).with_name("asking.py")


class RefusedError(Exception):
    """kind: of the error that was raised there."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Place:
    """Methods are those of the object there; what they answer is JSON. told: lines of the last call."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.told: list[str] = []

    def __call__(self, call: str, **given: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"call": call, "given": to_jsonable_python(given)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process ended"
        answer = json.loads(line)
        self.told = answer["told"]
        if "error" in answer:
            raise RefusedError(answer["error"], answer["message"])
        return answer["answer"]


@contextmanager
def place(azure: Azure, of: str, *more: str | float) -> Iterator[Place]:
    """of: `module:class`. more: its arguments beside workspace, credential and cloud."""
    application, secret = azure.principal()
    endpoint = azure.endpoint(application, serviceprincipalkey=secret)
    with subprocess.Popen(
        [str(azure.python), "-X", "utf8", str(PROGRAM)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=azure.environment, cwd=azure.folder, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdin
            process.stdin.write(json.dumps({"of": of, "endpoint": endpoint, "more": more}) + "\n")
            process.stdin.flush()
            yield Place(process)
        finally:
            process.kill()
