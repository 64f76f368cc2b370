"""Calls registries, endpoints and computes of Azure ML as commands do, and carries out steps of tasks.

Run in the platform's environment, for tests that have no time for a process each. stdin: a line of JSON each, and for
each a line on stdout:

    {"open": "module:class", "as": name, "endpoint": a connection as the launcher hands it over, "more": arguments}
    {"of": name, "call": method, "given": {argument: value}}    values take the form that the annotations say
    {"carry_out": module of a task, "job": as the launcher hands it over}
"""

import importlib
import inspect
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import validate_call
from pydantic_core import to_jsonable_python

from amltasks.commands.task import run_task
from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.connection import ServiceConnection, chosen_workspace
from amltasks.platforms.azureml.credential import credential
from amltasks.platforms.azureml.request import AzureRequest

PLACES: dict[str, Any] = {}


def open_place(asked: dict[str, Any]) -> None:
    parts = (asked["endpoint"][name] for name in ("id", "url", "scheme", "parameters", "data"))
    connection = ServiceConnection.from_agent(*parts)
    module, _, name = asked["open"].partition(":")
    place = getattr(importlib.import_module(module), name)(
        chosen_workspace(connection, AzureRequest()), credential(connection), connection.cloud, *asked["more"]
    )
    place.open()
    PLACES[asked["as"]] = place


def call(asked: dict[str, Any]) -> dict[str, Any]:
    told: list[str] = []
    method = getattr(PLACES[asked["of"]], asked["call"])
    tell = {"tell": told.append} if "tell" in inspect.signature(method).parameters else {}
    try:
        answer = validate_call(method)(**asked["given"], **tell)
        found = list(answer) if isinstance(answer, Iterator) else answer
    except AmlTasksError as error:
        return {"error": type(error).__name__, "message": str(error), "told": told}
    return {"answer": to_jsonable_python(found), "told": told}


def carry_out(asked: dict[str, Any]) -> dict[str, Any]:
    log = io.StringIO()
    task = importlib.import_module(asked["carry_out"])
    code = run_task(task.carry_out, io.BytesIO(json.dumps(asked["job"]).encode()), log)
    return {"answer": {"code": int(code), "log": log.getvalue()}}


def answer_to(asked: dict[str, Any]) -> dict[str, Any]:
    if "open" in asked:
        open_place(asked)
        return {"answer": None}
    return carry_out(asked) if "carry_out" in asked else call(asked)


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(answer_to(json.loads(line))), flush=True)


main()
