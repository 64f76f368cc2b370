"""Calls a registry, endpoints or computes of Azure ML as commands do; run in the platform's environment.

The first line of stdin: {"of": "module:class", "endpoint": a service connection as the launcher hands it over,
"more": further arguments}. Each line after it is a call, {"call": name, "given": {argument: value}}; values take the
form that the method's annotations say. For each there is a line on stdout: {"answer", "told"} or {"error", "message"}.
"""

import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, validate_call
from pydantic_core import to_jsonable_python

from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.connection import ServiceConnection, chosen_workspace
from amltasks.platforms.azureml.credential import credential
from amltasks.platforms.azureml.request import AzureRequest


def place(given: dict[str, Any]) -> Any:
    parts = (given["endpoint"][name] for name in ("id", "url", "scheme", "parameters", "data"))
    connection = ServiceConnection.from_agent(*parts)
    module, _, name = given["of"].partition(":")
    made = getattr(importlib.import_module(module), name)(
        chosen_workspace(connection, AzureRequest()), credential(connection), connection.cloud, *given["more"]
    )
    made.open()
    return made


def answer_to(made: Any, asked: dict[str, Any]) -> dict[str, Any]:
    told: list[str] = []
    method = getattr(made, asked["call"])
    tell = {"tell": told.append} if "tell" in inspect.signature(method).parameters else {}
    try:
        answer = validate_call(method)(**asked["given"], **tell)
    except AmlTasksError as error:
        return {"error": type(error).__name__, "message": str(error), "told": told}
    found = list(answer) if isinstance(answer, Iterator) else answer
    return {"answer": to_jsonable_python(found), "told": told}


def main() -> None:
    lines = TypeAdapter(dict[str, Any])
    made = place(lines.validate_json(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(answer_to(made, lines.validate_json(line))), flush=True)
    made.close()


main()
