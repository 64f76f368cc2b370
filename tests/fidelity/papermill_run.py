"""Runs one notebook in papermill as it is published, and prints what it raised. JSON on stdin and stdout.

Asked: {"source", "target", "cwd", "kernel": name or null, "engine": name or null, "timeout": seconds or null}.
Answered, as the last line: {"error": name of the exception, empty for none, "ename", "evalue"}.
"""

from __future__ import annotations

import json
import sys

from papermill import execute_notebook
from papermill.exceptions import PapermillExecutionError


def main() -> None:
    asked = json.load(sys.stdin)
    answer = {"error": "", "ename": "", "evalue": ""}
    try:
        execute_notebook(
            asked["source"],
            asked["target"],
            cwd=asked["cwd"],
            kernel_name=asked["kernel"],
            engine_name=asked["engine"],
            execution_timeout=asked["timeout"],
            progress_bar=False,
        )
    except PapermillExecutionError as error:
        answer = {"error": type(error).__name__, "ename": error.ename, "evalue": error.evalue}
    except Exception as error:
        answer["error"] = type(error).__name__
        answer["evalue"] = str(error)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
