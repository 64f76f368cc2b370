"""Microsoft's own clients, unmodified, in a process of the environment that has them: started once, asked often.

Run as a program it is that process: a snippet a line on stdin, what came of it a line on stdout.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class RefusedError(Exception):
    """What a client raised. kind: the exception's name; code and status: of the service's error, where it has them."""

    kind: str
    message: str
    code: str | None = None
    status: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class Sdk:
    """The process, and its interpreter.

    Every snippet has a namespace of its own; what it binds to `result` comes back.
    """

    def __init__(self, python: Path) -> None:
        self.python = python
        self._process = subprocess.Popen(
            [str(python), __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def run(self, code: str, environment: Mapping[str, str], **values: Any) -> Any:
        """The snippet's result. environment: set before it runs; values: names that it knows.

        RefusedError: what it raised.
        """
        assert self._process.stdin
        assert self._process.stdout
        asked = {"code": code, "environment": dict(environment), "values": values}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RefusedError(**answer["error"])
        return answer["result"]

    def close(self) -> None:
        self._process.communicate()


def _serve() -> None:
    import logging
    import os

    logging.disable(logging.WARNING)
    answers, sys.stdout = sys.stdout, sys.stderr  # clients print as they please
    for line in sys.stdin:
        asked = json.loads(line)
        os.environ.update(asked["environment"])
        names: dict[str, Any] = {"result": None, **asked["values"]}
        try:
            exec(asked["code"], names)
            answer: dict[str, Any] = {"result": names["result"]}
        except Exception as error:
            told = {"kind": type(error).__name__, "message": str(error)}
            code = getattr(getattr(error, "error", None), "code", None) or getattr(error, "error_code", None)
            answer = {
                "error": {**told, "code": getattr(code, "value", code), "status": getattr(error, "status_code", None)}
            }
        print(json.dumps(answer, default=str), file=answers, flush=True)
    os._exit(0)  # at once: the clients wait seconds for threads of theirs


if __name__ == "__main__":
    _serve()
