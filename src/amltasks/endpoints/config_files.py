"""`inference_config.yml` and `deployment_config_*.yml` of MLOpsPython, read as what a task's inputs would say.

They are those of `az ml model deploy`. An entry without value is one that is not there; an unknown one is refused by
its name. What only some places know is handed on by its own name, so that a place can say that it does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amltasks.errors import UserError
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.notebooks.files import read_file
from amltasks.quoting import nearest, quoted

_MOST_BYTES = 1024 * 1024
_FREE = ("tags", "properties", "environment.environmentVariables", "environment.python.condaDependencies")

# What is in a file → the input that says the same, and how.
_INFERENCE = {
    "entryScript": "scoringScript",
    "sourceDirectory": "sourceFolder",
    "condaFile": "condaFile",
    "baseImage": "image",
    "environment.docker.baseImage": "image",
    "description": "description",
}
_DEPLOYMENT: dict[str, tuple[str, Callable[[Any], str]]] = {
    "containerResourceRequirements.cpu": ("cpu", str),
    "containerResourceRequirements.cpuLimit": ("cpuLimit", str),
    "containerResourceRequirements.memoryInGB": ("memory", "{} GB".format),
    "containerResourceRequirements.memoryInGBLimit": ("memoryLimit", "{} GB".format),
    "containerResourceRequirements.gpu": ("gpu", str),
    "gpuCores": ("gpu", str),
    "numReplicas": ("replicas", str),
    "appInsightsEnabled": ("appInsights", json.dumps),
    "dataCollection.storageEnabled": ("collectData", json.dumps),
    "scoringTimeoutMs": ("requestTimeout", "{} ms".format),
    "maxConcurrentRequestsPerContainer": ("concurrentRequests", str),
    "maxQueueWaitMs": ("queueTimeout", "{} ms".format),
    "location": ("location", str),
    "description": ("description", str),
    "tags": ("tags", json.dumps),
}
_AUTOSCALER = {
    "autoscaleEnabled": None,
    "minReplicas": "minimum",
    "maxReplicas": "maximum",
    "refreshPeriodInSeconds": "refresh",
    "targetUtilization": "targetUtilization",
}
_PROBE = {
    "periodSeconds": "period",
    "initialDelaySeconds": "initialDelay",
    "timeoutSeconds": "timeout",
    "failureThreshold": "failureThreshold",
    "successThreshold": "successThreshold",
}
_AUTH = ("authEnabled", "tokenAuthEnabled", "aadAuthEnabled")
_ONE_PLACE = {  # handed on by name
    "inference": ("extraDockerfileSteps", "schemaFile", "enableGpu", "cudaVersion", "baseImageRegistry"),
    "deployment": (
        "cname", "dnsNameLabel", "sslEnabled", "sslCertificate", "namespace", "vnetName", "subnetName",
        "cmkVaultBaseUrl", "cmkKeyName", "cmkKeyVersion", "dataCollection.eventHubEnabled", "properties",
    ),
}  # fmt: skip
_SECRETS = ("primaryKey", "secondaryKey", "sslKey", "keys.primaryKey", "keys.secondaryKey")


def inputs_of_inference_config(name: str, root: Path) -> dict[str, str]:
    """Paths in the file start from its folder; those that come back are absolute. Raises UserError."""
    what = f"inferenceConfig {quoted(name)}"
    entries = _entries(root / name, root, what)
    if str(entries.pop("runtime", "python")).lower() not in ("python", "python3"):
        raise UserError(f"{what}: runtime: scoring scripts are Python.")
    inputs = {given: str(entries.pop(entry)) for entry, given in _INFERENCE.items() if entry in entries}
    if "environment.environmentVariables" in entries:
        inputs["variables"] = json.dumps(entries.pop("environment.environmentVariables"))
    if "environment.name" in entries:
        version = str(entries.pop("environment.version", ""))
        inputs["environment"] = str(entries.pop("environment.name")) + (f":{version}" if version else "")
    if "environment.python.condaDependencies" in entries:
        inputs["conda"] = json.dumps(entries.pop("environment.python.condaDependencies"))
    inputs |= _for_one_place(entries, "inference")
    _refuse(
        entries, [*_INFERENCE, *_ONE_PLACE["inference"], "runtime", "environment.name", "environment.version"], what
    )
    folder = (root / name).resolve().parent
    source = folder / inputs.get("sourceFolder", "")
    if "condaFile" in inputs:
        beside = source / inputs["condaFile"]
        inputs["condaFile"] = str(beside if beside.is_file() else folder / inputs["condaFile"])
    if "scoringScript" in inputs:
        inputs["scoringScript"] = str(source / inputs["scoringScript"])
    inputs["sourceFolder"] = str(source)
    return inputs


def inputs_of_deployment_config(name: str, root: Path, compute_type: str) -> dict[str, str]:
    """compute_type: what the file has to be for, in any case; empty where no such file is for the place."""
    what = f"deploymentConfig {quoted(name)}"
    entries = _entries(root / name, root, what)
    _check_compute_type(str(entries.pop("computeType", compute_type)), compute_type, what)
    for secret in _SECRETS:
        if secret in entries:
            raise UserError(f"{what}: {secret}: a key has no place in a file; Azure makes keys, take the line away.")
    inputs = {}
    for entry, (given, text) in _DEPLOYMENT.items():
        if entry in entries:
            inputs[given] = text(entries.pop(entry))
    inputs |= _auth(entries, what) | _autoscale(entries, what)
    probe = {name: entries.pop(f"livenessProbeRequirements.{entry}", None) for entry, name in _PROBE.items()}
    if any(value is not None for value in probe.values()):
        inputs["livenessProbe"] = json.dumps({name: value for name, value in probe.items() if value is not None})
    inputs |= _for_one_place(entries, "deployment")
    nested = [f"autoScaler.{entry}" for entry in _AUTOSCALER] + [
        f"livenessProbeRequirements.{entry}" for entry in _PROBE
    ]
    _refuse(entries, [*_DEPLOYMENT, *nested, *_AUTH, *_ONE_PLACE["deployment"], "computeType"], what)
    return inputs


def _check_compute_type(given: str, wanted: str, what: str) -> None:
    if given.lower() != wanted.lower():
        instead = f"a file of {wanted}" if wanted else "the file without this line"
        raise UserError(f"{what}: computeType: it is for {quoted(given)}, this step deploys elsewhere: take {instead}.")


def _auth(entries: dict[str, Any], what: str) -> dict[str, str]:
    """The kinds are told by three switches, of which keys are on unless they are said to be off."""
    on = {name: entries.pop(name) for name in _AUTH if name in entries}
    for name, value in on.items():
        if not isinstance(value, bool):
            raise UserError(f"{what}: {name}: is true or false, not {quoted(value)}.")
    if on.get("tokenAuthEnabled") and on.get("aadAuthEnabled"):
        raise UserError(f"{what}: tokenAuthEnabled and aadAuthEnabled: only one of them can be.")
    if on.get("tokenAuthEnabled"):
        return {"auth": "token"}
    if on.get("aadAuthEnabled"):
        return {"auth": "aad"}
    return {"auth": "key" if on["authEnabled"] else "none"} if "authEnabled" in on else {}


def _autoscale(entries: dict[str, Any], what: str) -> dict[str, str]:
    values = {entry: entries.pop(f"autoScaler.{entry}", None) for entry in _AUTOSCALER}
    if values["autoscaleEnabled"] is False or all(value is None for value in values.values()):
        return {}
    said = {name: values[entry] for entry, name in _AUTOSCALER.items() if name and values[entry] is not None}
    return {"autoscale": json.dumps(said or {"minimum": 1})}


def _for_one_place(entries: dict[str, Any], file: str) -> dict[str, str]:
    """Under `settings`, as texts."""
    settings = {
        name.rpartition(".")[2]: value if isinstance(value, str) else json.dumps(value)
        for name in _ONE_PLACE[file]
        if (value := entries.pop(name, None)) not in (None, False)
    }
    return {"settings": json.dumps(settings)} if settings else {}


def _refuse(entries: Mapping[str, Any], known: list[str], what: str) -> None:
    """What is left is unknown."""
    for name in entries:
        raise UserError(f"{what}: there is no entry {quoted(name)}{nearest(name, known)}.")


def _entries(path: Path, root: Path, what: str) -> dict[str, Any]:
    """The file's values by their dotted names."""
    try:
        content = load_yaml(read_file(path, _MOST_BYTES, root).decode("utf-8-sig"), what)
    except UnicodeDecodeError:
        raise UserError(f"{what}: is not text in UTF-8.") from None
    except UserError as error:
        raise UserError(str(error) if what in str(error) else f"{what}: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{what}: has to be a mapping, with lines like `computeType: ACI`.")
    return dict(_flat(content))


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and name not in _FREE:
            yield from _flat(value, f"{name}.")
        elif value is not None:
            yield name, value
