"""Carries out steps of a task one after the other, for whoever has no time for a process each.

argv: the task's module. stdin: a job a line, as the launcher hands it over. stdout: {"code", "log"} for each.
"""

import importlib
import io
import json
import sys

from amltasks.commands.task import run_task


def main() -> None:
    carry_out = importlib.import_module(sys.argv[1]).carry_out
    for line in sys.stdin:
        log = io.StringIO()
        code = run_task(carry_out, io.BytesIO(line.encode()), log)
        print(json.dumps({"code": int(code), "log": log.getvalue()}), flush=True)


main()
