"""Holds recorded exchanges with Azure ML against the models that Microsoft has generated for its own SDK.

PYTHON-OF-THE-SDK tests/sandbox/azureml/contract.py RECORDING.azure.jsonl…

Every exchange with the workspace's services is checked, both ways: members that the models do not have, members that
they require and that are missing, JSON types, enumerations. Which model an operation takes and gives is read from the
SDK's generated code. Prints a line for each fault; exit status 0: all fit, 1: some do not, 2: nothing was checked.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import sys
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

CLIENTS = ("arm_ml_service", "runhistory", "dataset_dataplane")
_HOSTS = re.compile(r"management\.azure\.com|[^.]+\.api\.azureml\.ms")
# What is answered there, and has no models in the SDK: it reads them by hand, or MLflow's clients do.
_BARE = re.compile(
    r"/discovery|/mlflow/.*|/subscriptions(/[^/]+)?(/resourceGroups(/[^/]+)?)?|.*/Microsoft\.Storage/.*|"
    r".*OperationsStatus/.*|.*OperationsResults/.*",
    re.IGNORECASE,
)
# What the SDK v1 asks for, in forms of its own where v2 has the operation too: see azureml_v1/contract_v1.py.
_OF_V1 = re.compile(
    r"/(artifact|content|credential|datastore|dataset|environment|execution|metric|modelmanagement|rp)/.*|"
    r"/history/.*(/metricsingest/wait|/runs:query|/experiments:query|/tags:delete|/events|/token)",
    re.IGNORECASE,
)
_VERSION_OF_V1 = "2020-02-02"  # of Resource Manager's computes
# Where requests of an SDK, or what a service cannot answer, do not fit the models.
_KNOWN = (
    # A number where the model has texts; see the SDK's entities/_assets/_artifacts/code.py.
    re.compile(r"PUT .*/codes/.* request\.properties\.properties\.hash_version: .*"),
    # Required by the model, which is for both ways; secrets are never read back.
    re.compile(r"(GET|PUT) .*/datastores.* response\..*credentials\.secrets: missing"),
    # How something saved is read, which the SDK v1 alone asks for.
    re.compile(r"GET .*/dataversion/unregistered-.* response\.legacyDataflow: .*"),
    # An object for runs of the SDK v1, a text for those of v2.
    re.compile(r"GET .*/details response\.runDefinition: expected str, got \{.*"),
)


@dataclass(frozen=True)
class Operation:
    """request and response: names of models; pages: whether the response is a list of such."""

    method: str
    path: re.Pattern[str]
    literals: int
    models: ModuleType
    request: str = ""
    response: str = ""
    pages: bool = False


def operations_of(client: str) -> Iterator[Operation]:
    """All of a generated client, as its code has them."""
    package = f"azure.ai.ml._restclient.{client}"
    models = importlib.import_module(f"{package}.models")
    module = importlib.import_module(f"{package}.operations._operations")
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    builders = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for group in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        found: dict[str, dict[str, Any]] = {}
        for method in (node for node in group.body if isinstance(node, ast.FunctionDef)):
            name = method.name.removeprefix("_").removeprefix("begin_").removesuffix("_initial")
            known = found.setdefault(name, {"builder": "", "request": "", "response": "", "pages": False})
            for key, value in _read(method).items():
                known[key] = known[key] or value
        for known in found.values():
            builder = builders.get(known.pop("builder"))
            if builder is not None:
                verb, url = _address(builder)
                pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(url))
                literals = sum(1 for part in url.split("/") if "{" not in part)
                yield Operation(verb, re.compile(pattern, re.IGNORECASE), literals, models, **known)


def _read(method: ast.FunctionDef) -> dict[str, Any]:
    """What a generated method says of its operation."""
    said: dict[str, Any] = {}
    for argument in [*method.args.args, *method.args.kwonlyargs]:
        if argument.arg in ("body", "properties", "parameters") and argument.annotation is not None:
            model = re.search(r"_models\.(\w+)", ast.unparse(argument.annotation))
            if model:
                said["request"] = model[1]
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id.startswith("build_"):
                said["builder"] = node.func.id
            elif node.func.id == "_deserialize":
                model = re.fullmatch(r"(List\[)?_models\.(\w+)\]?", ast.unparse(node.args[0]))
                if model:
                    said |= {"response": model[2], "pages": bool(model[1])}
    return said


def _address(builder: ast.FunctionDef) -> tuple[str, str]:
    """Method and template."""
    texts = [node.value for node in ast.walk(builder) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    verb = next(text for text in texts if text in ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"))
    return verb, next(text for text in texts if text.startswith("/"))


def faults(model: Any, value: Any, where: str, models: ModuleType, sent: bool) -> Iterator[str]:
    """A sentence for each place where a JSON object does not fit a model. sent: by the client."""
    if not isinstance(value, dict):
        yield f"{where}: expected an object, got {value!r}"
        return
    model = _kind(model, value)
    hints = typing.get_type_hints(model, localns={"_models": models})
    fields: dict[str, Any] = model()._attr_to_rest_field
    known = {field._rest_name: name for name, field in fields.items()}
    for name, item in value.items():
        if name not in known:
            yield f"{where}.{name}: no such member of {model.__name__}"
        elif item is not None:
            yield from _misfits(hints[known[name]], item, f"{where}.{name}", models, sent)
    for name in re.findall(r":ivar (\w+):(?:(?!:vartype|:ivar)[\s\S])*?Required\.", model.__doc__ or ""):
        field = fields.get(name)
        if field is None or (sent and field._visibility == ["read"]):
            continue
        if value.get(field._rest_name) is None:
            yield f"{where}.{field._rest_name}: missing"


def _kind(model: Any, value: dict[str, Any]) -> Any:
    """The subclass that a discriminator names."""
    while True:
        named = [field for field in model.__dict__.values() if getattr(field, "_is_discriminator", False)]
        mapping = model.__dict__.get("__mapping__", {})
        below = next((mapping[value[each._rest_name]] for each in named if value.get(each._rest_name) in mapping), None)
        if below is None or below is model:
            return model
        model = below


def _misfits(hint: Any, value: Any, where: str, models: ModuleType, sent: bool) -> Iterator[str]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return
    if origin is typing.Union:
        options = [option for option in arguments if option is not type(None)]
        enums = [option for option in options if isinstance(option, type) and issubclass(option, Enum)]
        for option in enums or options[:1]:
            yield from _misfits(option, value, where, models, sent)
    elif origin is typing.Literal:
        if value not in [getattr(each, "value", each) for each in arguments]:
            yield f"{where}: {value!r} is none of {arguments}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{where}: expected an array, got {value!r}"
            return
        for index, item in enumerate(value):
            yield from _misfits(arguments[0], item, f"{where}[{index}]", models, sent)
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{where}: expected an object, got {value!r}"
            return
        for name, item in value.items():
            if item is not None:
                yield from _misfits(arguments[1], item, f"{where}.{name}", models, sent)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        if not isinstance(value, str) or value.lower() not in {str(each.value).lower() for each in hint}:
            yield f"{where}: {value!r} is none of {[each.value for each in hint]}"
    elif getattr(hint, "_is_model", False):
        yield from faults(hint, value, where, models, sent)
    else:
        yield from _scalar(hint, value, where)


def _scalar(hint: Any, value: Any, where: str) -> Iterator[str]:
    expected = {
        str: str,
        int: int,
        float: (int, float),
        bool: bool,
        datetime: str,
        date: str,
        time: str,
        timedelta: str,
    }
    kind = expected.get(hint)
    if kind is None:
        yield f"{where}: a type that this check does not know, {hint}"
    elif not isinstance(value, kind) or (isinstance(value, bool) and hint is not bool):  # type: ignore[arg-type]
        yield f"{where}: expected {hint.__name__}, got {value!r}"


def check(exchange: dict[str, Any], operations: list[Operation]) -> list[str] | None:
    """The faults of an exchange; None where it is none of the workspaces' services'."""
    url = urlsplit(exchange["url"])
    path = unquote(url.path).rstrip("/")
    if not _HOSTS.fullmatch(url.hostname or "") or exchange["status"] in (0, 401, 501):
        return None
    if _BARE.fullmatch(path) or _OF_V1.fullmatch(path) or exchange["apiVersion"] == _VERSION_OF_V1:
        return None
    matching = [each for each in operations if each.method == exchange["method"] and each.path.fullmatch(path)]
    if not matching:
        return [f"{exchange['method']} {path}: the SDK has no such operation"]
    found: list[str] = []
    operation = max(matching, key=lambda each: each.literals)
    request, response = exchange.get("requestBody"), exchange.get("responseBody")
    if 200 <= exchange["status"] < 300:
        if operation.request and request is not None:
            found += faults(getattr(operation.models, operation.request), request, "request", operation.models, True)
        if operation.response and response is not None:
            model = getattr(operation.models, operation.response)
            items = response["value"] if operation.pages else [response]
            found += [each for item in items for each in faults(model, item, "response", operation.models, False)]
    told = [f"{exchange['method']} {path} {each}" for each in found]
    return [each for each in told if not any(known.fullmatch(each) for known in _KNOWN)]


def main(recordings: list[str]) -> int:
    operations = [operation for client in CLIENTS for operation in operations_of(client)]
    checked = failed = 0
    for recording in recordings:
        for number, line in enumerate(Path(recording).read_text(encoding="utf-8").splitlines(), 1):
            found = check(json.loads(line), operations)
            if found is not None:
                checked += 1
                failed += bool(found)
                for fault in found:
                    print(f"{Path(recording).name}:{number}: {fault}")
    print(f"checked {checked}, failed {failed}, with {len(operations)} operations known")
    return 2 if not checked else 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
