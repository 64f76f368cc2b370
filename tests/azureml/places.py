"""Registries, endpoints and computes of Azure ML in the process that has the SDK, asked from tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Places:
    """One process, which signs in by one service connection."""

    azure: Azure
    process: subprocess.Popen[str]
    connection: dict[str, Any]

    def open(self, of: str, *more: str | float) -> Place:
        """of: `module:class`. more: its arguments beside workspace, credential and cloud."""
        name = " ".join([of, *map(str, more)])
        self.ask({"open": of, "as": name, "endpoint": self.connection, "more": more})
        return Place(self, name)

    def carry_out(self, task: str, job: dict[str, Any]) -> dict[str, Any]:
        """A step, as its process would. task: the name of its module. The exit code and the log."""
        answer: dict[str, Any] = self.ask({"carry_out": f"amltasks.commands.{task}", "job": job})["answer"]
        return answer

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(to_jsonable_python(question)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the process ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class Place:
    """Methods are those of the object there; what they answer is JSON. told: lines of the last call."""

    places: Places
    name: str
    told: list[str] = field(default_factory=list)

    def __call__(self, call: str, **given: Any) -> Any:
        answer = self.places.ask({"of": self.name, "call": call, "given": given})
        self.told = answer["told"]
        if "error" in answer:
            raise RefusedError(answer["error"], answer["message"])
        return answer["answer"]


@contextmanager
def open_places(azure: Azure) -> Iterator[Places]:
    application, secret = azure.principal()
    connection = azure.endpoint(application, serviceprincipalkey=secret)
    with subprocess.Popen(
        [str(azure.python), "-X", "utf8", str(PROGRAM)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=azure.environment, cwd=azure.folder, text=True,
    ) as process:  # fmt: skip
        try:
            yield Places(azure, process, connection)
        finally:
            process.kill()


@contextmanager
def place(azure: Azure, of: str, *more: str | float) -> Iterator[Place]:
    """One, in a process of its own."""
    with open_places(azure) as places:
        yield places.open(of, *more)
