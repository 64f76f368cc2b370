"""How a model is to be served: a task's inputs and MLOpsPython's files in, EndpointSpec and DeploymentSpec out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from amltasks.data import Data
from amltasks.durations import parse_duration
from amltasks.endpoints.conda import conda_of_requirements, written_conda
from amltasks.endpoints.config_files import inputs_of_deployment_config, inputs_of_inference_config
from amltasks.errors import UserError
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.notebooks.files import resolved
from amltasks.platforms.endpoints import (
    Auth,
    Autoscale,
    DeploymentSpec,
    EndpointSpec,
    Probe,
    Requests,
    Resources,
    ScoringEnvironment,
)
from amltasks.quoting import listed, nearest, quoted
from amltasks.sizes import parse_size

INPUTS = (
    "endpoint", "compute", "scoringScript", "sourceFolder", "condaFile", "requirements", "environment", "image",
    "inferenceConfig", "deploymentConfig", "cpu", "cpuLimit", "memory", "memoryLimit", "gpu", "instanceType",
    "replicas", "autoscale", "requestTimeout", "concurrentRequests", "queueTimeout", "livenessProbe",
    "readinessProbe", "auth", "appInsights", "collectData", "location", "description", "tags", "variables", "settings",
)  # fmt: skip
OUR_TAGS = "amltasks."  # what our own tags begin with
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_Choice = TypeVar("_Choice", bound=Enum)


class Settings(Data):
    """endpoint, deployment: all but the models, which are looked for later; deployment.name is the rollout's affair."""

    endpoint: EndpointSpec
    deployment: DeploymentSpec


def settings_of(inputs: Mapping[str, str], root: Path, work: Path, compute_type: str = "") -> Settings:
    """inputs: as the agent gives them; they count before the files. work: a folder for a conda file that is made.

    compute_type: that a `deploymentConfig` has to be for. Raises UserError, naming the input.
    """
    given = _with_files({name: inputs.get(name, "").strip() for name in INPUTS}, root.absolute(), compute_type)
    source, script = _code(given, root.absolute())
    return Settings(
        endpoint=EndpointSpec(
            name=_endpoint_name(given["endpoint"]),
            auth=_choice(given["auth"] or "key", Auth, "auth"),
            compute=given["compute"],
            location=given["location"],
            description=given["description"],
            tags=_texts(given["tags"], "tags"),
            settings=_texts(given["settings"], "settings"),
        ),
        deployment=DeploymentSpec(
            models=(),
            code=source,
            script=script,
            environment=_environment(given, root.absolute(), work),
            resources=Resources(
                cpu=_number(given["cpu"], "cpu"),
                cpu_limit=_number(given["cpuLimit"], "cpuLimit"),
                memory=parse_size(given["memory"] or "none", "memory"),
                memory_limit=parse_size(given["memoryLimit"] or "none", "memoryLimit"),
                gpu=_whole(given["gpu"], "gpu"),
                instance_type=given["instanceType"],
                replicas=_whole(given["replicas"], "replicas", least=1),
                autoscale=_autoscale(given["autoscale"]),
            ),
            requests=Requests(
                timeout=parse_duration(given["requestTimeout"] or "none", "requestTimeout"),
                concurrent=_whole(given["concurrentRequests"], "concurrentRequests", least=1),
                queue_wait=parse_duration(given["queueTimeout"] or "none", "queueTimeout"),
            ),
            liveness=_probe(given["livenessProbe"], "livenessProbe"),
            readiness=_probe(given["readinessProbe"], "readinessProbe"),
            app_insights=_yes(given["appInsights"], "appInsights"),
            collect_data=_yes(given["collectData"], "collectData"),
            variables=_variables(given["variables"]),
            description=given["description"],
            tags=_texts(given["tags"], "tags"),
        ),
    )


def _with_files(given: dict[str, str], root: Path, compute_type: str) -> dict[str, str]:
    """The files' values where no input says another; mappings of both are joined."""
    files: dict[str, str] = {}
    if given["inferenceConfig"]:
        files |= inputs_of_inference_config(given["inferenceConfig"], root)
    if given["deploymentConfig"]:
        more = inputs_of_deployment_config(given["deploymentConfig"], root, compute_type)
        more["settings"] = _joined(files.get("settings", ""), more.get("settings", ""), "settings")
        files |= more
    whole = files | {name: text for name, text in given.items() if text}
    for name in ("tags", "variables", "settings"):
        whole[name] = _joined(files.get(name, ""), given[name], name)
    if given["condaFile"] or given["requirements"] or given["environment"]:
        whole = {"conda": "", **whole} if not files.get("conda") else {**whole, "conda": ""}
    return {"conda": "", **dict.fromkeys(INPUTS, ""), **whole}


def _joined(first: str, second: str, name: str) -> str:
    return json.dumps({**_mapping(first, name), **_mapping(second, name)}) if first and second else first or second


def _code(given: Mapping[str, str], root: Path) -> tuple[Path, str]:
    """The folder, and the script's path in it. Without a folder it is the script's own."""
    if not given["scoringScript"]:
        raise UserError("scoringScript: name the script that answers requests, for example src/score.py.")
    source = _existing(root, given["sourceFolder"], "sourceFolder") if given["sourceFolder"] else None
    candidates = [folder / given["scoringScript"] for folder in (root, source) if folder]
    script = next((path for path in candidates if path.is_file()), None)
    if script is None:
        raise UserError(f"scoringScript: there is no file {quoted(given['scoringScript'])}.")
    if script.suffix != ".py":
        raise UserError(f"scoringScript: {quoted(script.name)} is no Python script (.py).")
    script = resolved(script, root)
    source = source or script.parent
    if not source.is_dir():
        raise UserError(f"sourceFolder: {quoted(given['sourceFolder'])} is not a folder.")
    if not script.is_relative_to(source):
        raise UserError(f"scoringScript: {quoted(given['scoringScript'])} is not in sourceFolder, which is sent.")
    return source, script.relative_to(source).as_posix()


def _environment(given: Mapping[str, str], root: Path, work: Path) -> ScoringEnvironment:
    packages = [name for name in ("condaFile", "requirements", "conda") if given[name]]
    if given["environment"] and (packages or given["image"]):
        other = [*packages, "image"][0]
        raise UserError(f"environment and {other}: an environment has its image and packages: say one or the other.")
    if len(packages) > 1:
        raise UserError("condaFile and requirements: say what is installed in one of them.")
    conda: Path | None = None
    if given["condaFile"]:
        conda = _existing(root, given["condaFile"], "condaFile")
    elif given["requirements"]:
        conda = conda_of_requirements(_existing(root, given["requirements"], "requirements"), root, work)
    elif given["conda"]:
        conda = written_conda(load_yaml(given["conda"], "inferenceConfig"), work)
    return ScoringEnvironment(name=given["environment"], image=given["image"], conda=conda)


def _existing(root: Path, text: str, name: str) -> Path:
    try:
        return resolved(root / text, root)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _endpoint_name(text: str) -> str:
    if not text:
        raise UserError("endpoint: name the endpoint or service that the model is served at.")
    if not _NAME.fullmatch(text):
        raise UserError(
            f"endpoint: {quoted(text)} is no name for one: a letter, then letters, digits and -, at most 32 in all."
        )
    return text


def _choice(text: str, choices: type[_Choice], name: str) -> _Choice:
    for choice in choices:
        if choice.value == text.lower():
            return choice
    known = [str(choice.value) for choice in choices]
    raise UserError(f"{name}: {quoted(text)} is none{nearest(text, known)}: there are {listed(known)}.")


def _yes(text: str, name: str) -> bool:
    if text.lower() not in ("", "true", "false"):
        raise UserError(f"{name}: {quoted(text)} is neither true nor false.")
    return text.lower() == "true"


def _number(text: str, name: str) -> float | None:
    if text and (not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or not float(text)):
        raise UserError(f"{name}: {quoted(text)} is not a number above 0.")
    return float(text) if text else None


def _whole(text: str, name: str, least: int = 0) -> int | None:
    if text and (not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least):
        raise UserError(f"{name}: {quoted(text)} is not a whole number from {least}.")
    return int(text) if text else None


def _autoscale(text: str) -> Autoscale | None:
    """`1-5`, or a mapping."""
    if not text or text.lower() in ("none", "false"):
        return None
    bounds = re.fullmatch(r"(\d{1,4})\s*-\s*(\d{1,4})", text, re.ASCII)
    value = {"minimum": int(bounds[1]), "maximum": int(bounds[2])} if bounds else _mapping(text, "autoscale")
    whole = {name: value[name] for name in ("minimum", "maximum", "targetUtilization") if name in value}
    scale = _made(Autoscale, {**whole, **_seconds(value, "autoscale", "refresh")}, value, "autoscale")
    if not 0 < scale.minimum <= scale.maximum or not 0 < scale.target_utilization <= 100:
        raise UserError("autoscale: minimum is from 1 to maximum, targetUtilization from 1 to 100.")
    return scale


def _probe(text: str, name: str) -> Probe:
    value = _mapping(text, name)
    lengths = {key: int(seconds) for key, seconds in _seconds(value, name, "initialDelay", "period", "timeout").items()}
    counts: dict[str, Any] = {key: value[key] for key in ("successThreshold", "failureThreshold") if key in value}
    return _made(Probe, {**lengths, **counts}, value, name)


_Made = TypeVar("_Made", bound=Data)


def _made(kind: type[_Made], values: dict[str, Any], given: Mapping[str, Any], name: str) -> _Made:
    known = [str(field.alias) for field in kind.model_fields.values()]
    for key in given:
        if key not in known:
            raise UserError(f"{name}: there is no {quoted(key)}{nearest(str(key), known)}: there are {listed(known)}.")
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (value != int(value) and key != "refresh"):
            raise UserError(f"{name}: {key}: {quoted(value)} is not a whole number.")
    return kind.model_validate(values)


def _seconds(value: Mapping[str, Any], name: str, *keys: str) -> dict[str, float]:
    return {key: parse_duration(str(value[key]), f"{name}: {key}") or 0.0 for key in keys if key in value}


def _mapping(text: str, name: str) -> dict[str, Any]:
    value = load_yaml(text, name) if text else None
    if not isinstance(value, (dict, type(None))):
        raise UserError(f"{name}: has to be a mapping, with lines like `name: value`.")
    return {str(key): item for key, item in (value or {}).items()}


def _texts(text: str, name: str) -> dict[str, str]:
    """A mapping whose values are single ones, as texts."""
    texts: dict[str, str] = {}
    for key, value in _mapping(text, name).items():
        if isinstance(value, (dict, list)) and name != "settings":
            raise UserError(f"{name}: {quoted(key)}: has one value, not several.")
        if key.startswith(OUR_TAGS):
            raise UserError(f"{name}: {quoted(key)}: names that begin with {OUR_TAGS} are the task's own.")
        texts[key] = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    return texts


def _variables(text: str) -> dict[str, str]:
    variables = _texts(text, "variables")
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            raise UserError(f"variables: {quoted(name)} is no name of an environment variable.")
    return variables
