"""Holds recorded exchanges with Azure ML against the models that Microsoft has generated for its SDK v1.

PYTHON-OF-THE-SDK tests/sandbox/azureml_v1/contract_v1.py RECORDING.azure.jsonl…

As tests/sandbox/azureml/contract.py does it for the SDK v2: both ways, members that the models do not have, members
that they require and that are missing, JSON types. It is about the data plane alone; an operation that this SDK's
generated clients do not have is the SDK v2's, or one that the SDK v1 asks for by hand: it is not checked. Prints a line
for each fault; exit status 0: all fit, 1: some do not, 2: nothing was checked.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import azureml._restclient.models as models

_HOSTS = re.compile(r"[^.]+\.api\.azureml\.ms")
# Members of answers that these models are too old for; those of the SDK v2 have them.
_NEWER = {
    "RunDto": {"compute", "duration", "lastModifiedBy", "lastModifiedUtc", "outputs", "parameters", "revision"}
    | {"statusRevision"},
    "RunDetailsDto": {"compute", "createdBy", "parameters", "parentRunId", "revision", "rootRunId", "runNumber"}
    | {"runUuid", "statusRevision", "tags", "userId"},
    "CreatedByDto": {"userIss"},
    "AzureStorage": {"serviceDataAccessAuthIdentity"},
    "ArtifactDto": {"tags"},
    "AsyncOperationStatus": {"streamingOperationLog"},
    "AKSServiceResponseContainerResourceRequirements": {"cpuLimit", "memoryInGBLimit"},
    "ArtifactContentInformationDto": {"tags"},
}
# Members that the SDK sends by hand, and its models do not have; and what it writes and reads by hand altogether.
_SENT = {
    "AKSServiceCreateRequestContainerResourceRequirements": {"cpuLimit", "memoryInGBLimit"},
    "AKSServiceCreateRequest": {"storageInitEnabled"},
    "CreateEndpointRequest": {"tags"},
}
_BY_HAND = {"EnvironmentImageRequestEnvironment", "RegenerateServiceKeysRequest"}
_NUMBERS = {"int": int, "long": int, "float": (int, float)}


@dataclass(frozen=True)
class Operation:
    """request, response, error: types of bodies as msrest has them: `[Model]`, `{str}`; empty where there is none."""

    method: str
    path: re.Pattern[str]
    literals: int
    request: str
    response: str
    error: str


def operations() -> Iterator[Operation]:
    """All of the generated client, as its code has them; some modules beside it are of older ones."""
    folder = Path(str(models.__file__)).parent.parent
    client = (folder / "rest_client.py").read_text(encoding="utf-8")
    for module in sorted(re.findall(r"^from \.operations\.(\w+) import", client, re.MULTILINE)):
        tree = ast.parse((folder / "operations" / f"{module}.py").read_text(encoding="utf-8"))
        for group in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            urls = dict(_urls(group))
            for method in (node for node in group.body if isinstance(node, ast.FunctionDef)):
                if method.name in urls:
                    yield from _operation(method, urls[method.name])


def _urls(group: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """`method.metadata = {'url': …}` of a class."""
    for node in group.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            yield ast.unparse(node.targets[0].value), ast.literal_eval(node.value)["url"]


def _operation(method: ast.FunctionDef, url: str) -> Iterator[Operation]:
    text = ast.unparse(method)
    verb = re.search(r"self\._client\.(get|put|post|patch|delete|head)\(url", text)
    request = re.search(r"self\._serialize\.body\(\w+, '([^']+)'\)", text)
    response = re.search(r"self\._deserialize\('([^']+)', response\)", text)
    error = re.search(r"raise models\.(\w+)Exception\(", text)
    if verb:
        pattern = re.sub(r"/\\\{path\\\}", "(?:/.+)?", re.escape(url))  # of a folder it may be empty
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)
        literals = sum(1 for part in url.split("/") if "{" not in part)
        yield Operation(
            verb[1].upper(),
            re.compile(pattern, re.IGNORECASE),
            literals,
            request[1] if request else "",
            response[1] if response else "",
            error[1] if error else "",
        )


def faults(kind: str, value: Any, where: str, sent: bool) -> Iterator[str]:
    """A sentence for each place where JSON does not fit a type. sent: by the client."""
    if value is None or kind == "object" or kind in _BY_HAND:
        return
    if kind.startswith(("[", "{")):
        if not isinstance(value, list if kind.startswith("[") else dict):
            yield f"{where}: expected {kind}, got {value!r}"
            return
        items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from faults(kind[1:-1], item, f"{where}.{key}", sent)
    elif kind in _NUMBERS:
        if not isinstance(value, _NUMBERS[kind]) or isinstance(value, bool):  # type: ignore[arg-type]
            yield f"{where}: expected {kind}, got {value!r}"
    elif kind == "bool":
        if not isinstance(value, bool):
            yield f"{where}: expected bool, got {value!r}"
    elif isinstance(getattr(models, kind, None), type) and hasattr(getattr(models, kind), "_attribute_map"):
        yield from _of_model(getattr(models, kind), value, where, sent)
    elif not isinstance(value, str):
        yield f"{where}: expected {kind}, got {value!r}"


def _of_model(model: Any, value: Any, where: str, sent: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: expected {model.__name__}, got {value!r}"
        return
    model = _concrete(model, value)
    known = {field["key"].replace("\\.", "."): (name, field["type"]) for name, field in model._attribute_map.items()}
    newer = (_SENT if sent else _NEWER).get(model.__name__, set())
    for key, item in value.items():
        if key in known:
            yield from faults(known[key][1], item, f"{where}.{key}", sent)
        elif key not in newer:
            yield f"{where}.{key}: no such member of {model.__name__}"
    for name, rules in model._validation.items():
        key = model._attribute_map[name]["key"]
        if rules.get("required") and value.get(key) is None and not (sent and rules.get("readonly")):
            yield f"{where}.{key}: missing"


def _concrete(model: Any, value: dict[str, Any]) -> Any:
    """The model that a value is by its discriminator, however far below this one."""
    for key, below in vars(model).get("_subtype_map", {}).items():
        said = value.get(model._attribute_map[key]["key"])
        if said in below:
            return getattr(models, below[said])
        for name in below.values():
            found = _concrete(getattr(models, name), value)
            if found is not getattr(models, name):
                return found
    return model


def check(exchange: dict[str, Any], known: list[Operation]) -> list[str] | None:
    """The faults of an exchange; None where it is none of these clients'."""
    url = urlsplit(exchange["url"])
    path = unquote(url.path).rstrip("/")
    if not _HOSTS.fullmatch(url.hostname or "") or exchange["status"] in (0, 401, 501):
        return None
    matching = [each for each in known if each.method == exchange["method"] and each.path.fullmatch(path)]
    if not matching:
        return None
    operation = max(matching, key=lambda each: each.literals)
    found: list[str] = []
    if 200 <= exchange["status"] < 300:
        if operation.request:
            found += faults(operation.request, exchange.get("requestBody"), "request", True)
        if operation.response:
            found += faults(operation.response, exchange.get("responseBody"), "response", False)
    elif operation.error:
        found += faults(operation.error, exchange.get("responseBody"), "response", False)
    return [f"{exchange['method']} {path} {each}" for each in found]


def main(recordings: list[str]) -> int:
    known = list(operations())
    checked = failed = 0
    for recording in recordings:
        for number, line in enumerate(Path(recording).read_text(encoding="utf-8").splitlines(), 1):
            found = check(json.loads(line), known)
            if found is not None:
                checked += 1
                failed += bool(found)
                for fault in found:
                    print(f"{Path(recording).name}:{number}: {fault}")
    print(f"checked {checked}, failed {failed}, with {len(known)} operations known")
    return 2 if not checked else 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
