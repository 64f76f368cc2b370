"""A pipeline as data: stages of jobs of steps, read from expanded YAML. Every step is a task, as in the real service.

Names that Azure Pipelines does not know are refused with file and line; what the sandbox does not do is refused by
name too, and what has no meaning here (triggers, pools, …) is accepted and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from sandbox.agent.deployments import deploy_steps, environment_of
from sandbox.agent.document import Mapping, Node, Place, Scalar, Sequence, fail

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Declaration:
    """A variable of the YAML, or a group where `group` is set."""

    name: str = ""
    value: str = ""
    read_only: bool = False
    group: str = ""


@dataclass(frozen=True)
class Restrictions:
    """What a step may do by logging commands; settable: patterns of names, None for any."""

    restricted: bool = False
    settable: tuple[str, ...] | None = None


UNRESTRICTED = Restrictions()


@dataclass(frozen=True)
class Step:
    """task: `Name@Version`. timeout: minutes, 0 for none."""

    task: str
    place: Place
    inputs: dict[str, str] = field(default_factory=dict)
    name: str = ""
    display_name: str = ""
    condition: str = ""
    continue_on_error: bool = False
    enabled: bool = True
    timeout: int = 0
    retries: int = 0
    env: dict[str, str] = field(default_factory=dict)
    target: Restrictions = UNRESTRICTED


@dataclass(frozen=True)
class Job:
    """timeouts: minutes, 0 for no limit. depends_on: jobs of the same stage. matrix: leg → its variables, or empty."""

    name: str
    place: Place
    steps: tuple[Step, ...]
    display_name: str = ""
    depends_on: tuple[str, ...] = ()
    condition: str = ""
    continue_on_error: bool = False
    timeout: int = 60
    cancel_timeout: int = 5
    variables: tuple[Declaration, ...] = ()
    matrix: dict[str, dict[str, str]] = field(default_factory=dict)
    clean_workspace: str = ""
    environment: str = ""  # of a deployment job


@dataclass(frozen=True)
class Stage:
    """depends_on: None means the stage before this one."""

    name: str
    place: Place
    jobs: tuple[Job, ...]
    display_name: str = ""
    depends_on: tuple[str, ...] | None = None
    condition: str = ""
    variables: tuple[Declaration, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    name: str
    path: Path
    stages: tuple[Stage, ...]
    variables: tuple[Declaration, ...]


_TRIGGERS = ("trigger", "pr", "schedules", "resources", "pool", "lockBehavior", "appendCommitMessageToRunName")
_JOB = ("job", "displayName", "dependsOn", "condition", "continueOnError", "timeoutInMinutes", "cancelTimeoutInMinutes")
_DEPLOYMENT = ("deployment", "environment", *_JOB[1:])
_JOB_REST = ("variables", "steps", "strategy", "workspace", "pool", "uses", "templateContext")
_STAGE = ("stage", "displayName", "dependsOn", "condition", "variables", "jobs", "pool", "lockBehavior", "isSkippable")
_STEP = ("name", "displayName", "condition", "continueOnError", "enabled", "timeoutInMinutes", "env", "target")
_RETRY = "retryCountOnTaskFailure"

_CHECKOUT = ("clean", "fetchDepth", "fetchFilter", "fetchTags", "lfs", "path", "persistCredentials", "submodules")

# The shortcuts of steps: the task that each stands for, the input that its value fills, and the keys that are inputs.
_SHORTCUTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "script": ("CmdLine@2", "script", {"workingDirectory": "workingDirectory", "failOnStderr": "failOnStderr"}),
    "bash": ("Bash@3", "script", {"workingDirectory": "workingDirectory", "failOnStderr": "failOnStderr"}),
    "pwsh": ("PowerShell@2", "script", {
        "workingDirectory": "workingDirectory", "failOnStderr": "failOnStderr",
        "errorActionPreference": "errorActionPreference", "ignoreLASTEXITCODE": "ignoreLASTEXITCODE",
    }),
    "publish": ("PublishPipelineArtifact@1", "targetPath", {"artifact": "artifactName"}),
    "download": ("DownloadPipelineArtifact@2", "source", {
        "artifact": "artifactName", "patterns": "itemPattern", "path": "targetPath",
    }),
    "checkout": ("Checkout@1", "repository", {key: key for key in _CHECKOUT}),
}  # fmt: skip
_UNSUPPORTED = ("powershell", "downloadBuild", "getPackage", "upload", "reviewApp")


def read(root: Mapping, path: Path) -> Pipeline:
    """The pipeline in an expanded document; PipelineError with file and line for what is not understood."""
    _check(
        root,
        ("name", "variables", "stages", "jobs", "steps", *_JOB[3:], "strategy", "workspace", "container", *_TRIGGERS),
        "a pipeline",
    )
    shapes = [key for key in ("stages", "jobs", "steps") if root.get(key) is not None]
    if len(shapes) != 1:
        fail(root, "a pipeline needs exactly one of 'stages', 'jobs' and 'steps'")
    if shapes == ["stages"]:
        stages = _list(root.get("stages"), _stage)
    elif shapes == ["jobs"]:
        stages = (Stage("__default", root.place, _jobs(root.get("jobs"))),)
    else:
        job_keys = ("steps", *_JOB[3:], "strategy", "workspace", "container")
        job = Mapping(tuple(entry for entry in root.entries if entry[0].text in job_keys), root.place)
        stages = (Stage("__default", root.place, (_job(job, default_name="Job"),)),)
    _check_unique([(stage.name, stage.place) for stage in stages], "stage")
    _check_dependencies([(stage.name, stage.depends_on or (), stage.place) for stage in stages], "stage")
    return Pipeline(_text(root, "name"), path, stages, _variables(root.get("variables")))


def _stage(node: Node) -> Stage:
    if not isinstance(node, Mapping) or node.get("stage") is None:
        fail(node, "expected '- stage: name'")
    _check(node, _STAGE, "a stage")
    depends_on = node.get("dependsOn")
    return Stage(
        name=_identifier(node, "stage"),
        place=node.place,
        jobs=_jobs(node.get("jobs")),
        display_name=_text(node, "displayName"),
        depends_on=None if depends_on is None else _names(depends_on),
        condition=_text(node, "condition"),
        variables=_variables(node.get("variables")),
    )


def _jobs(node: Node | None) -> tuple[Job, ...]:
    jobs = _list(node, _job)
    named = tuple(job if job.name else replace(job, name=f"Job{number}") for number, job in enumerate(jobs, 1))
    _check_unique([(job.name, job.place) for job in named], "job")
    _check_dependencies([(job.name, job.depends_on, job.place) for job in named], "job")
    return named


def _job(node: Node, default_name: str = "") -> Job:
    if not isinstance(node, Mapping):
        fail(node, "expected '- job: name'")
    for key, _ in node.entries:
        if key.text in ("container", "services"):
            fail(key, f"'{key.text}' is not supported by the sandbox's agent")
    deploys = node.get("deployment") is not None
    if node.get("job") is None and not default_name and not deploys:
        fail(node, "expected '- job: name'")
    _check(node, (*(_DEPLOYMENT if deploys else _JOB), *_JOB_REST), "a job")
    if not deploys and not isinstance(node.get("steps"), Sequence):
        fail(node, "a job needs 'steps'")
    steps = _list(deploy_steps(node) if deploys else node.get("steps"), _step)
    _check_unique([(step.name, step.place) for step in steps if step.name], "step")
    workspace = node.get("workspace")
    depends_on = node.get("dependsOn")
    return Job(
        name=_identifier(node, "deployment" if deploys else "job") or default_name,
        place=node.place,
        steps=steps,
        display_name=_text(node, "displayName"),
        depends_on=() if depends_on is None else _names(depends_on),
        condition=_text(node, "condition"),
        continue_on_error=_flag(node, "continueOnError", False),
        timeout=_number(node, "timeoutInMinutes", 60),
        cancel_timeout=_number(node, "cancelTimeoutInMinutes", 5),
        variables=_variables(node.get("variables")),
        matrix={} if deploys else _matrix(node.get("strategy")),
        clean_workspace=_text(workspace, "clean") if isinstance(workspace, Mapping) else "",
        environment=environment_of(node) if deploys else "",
    )


def _matrix(node: Node | None) -> dict[str, dict[str, str]]:
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        fail(node, "strategy must be a mapping")
    _check(node, ("matrix", "maxParallel"), "the strategy of a job (the sandbox knows 'matrix')")
    legs = node.get("matrix")
    if not isinstance(legs, Mapping):
        fail(node, "matrix must map each leg's name to its variables")
    return {name.text: _map(variables) for name, variables in legs.entries}


def _step(node: Node) -> Step:
    if not isinstance(node, Mapping) or not node.entries:
        fail(node, "a step must be a mapping such as '- script: …' or '- task: Name@1'")
    kind = node.entries[0][0].text
    if kind == "task":
        _check(node, ("task", "inputs", _RETRY, *_STEP), "a task step")
        task, inputs = _text(node, "task"), _map(node.get("inputs"))
        if not re.fullmatch(r"[A-Za-z0-9_.-]+@\d+(\.\d+){0,2}", task):
            fail(node, f"'{task}' is not of the form Name@Version")
    elif kind in _SHORTCUTS:
        task, main, extra = _SHORTCUTS[kind]
        _check(node, (kind, *extra, _RETRY, *_STEP), f"a {kind} step")
        inputs = {
            main: _text(node, kind),
            **{name: _text(node, key) for key, name in extra.items() if node.get(key) is not None},
        }
        if kind == "download" and inputs.get("artifactName") and "targetPath" not in inputs:
            inputs["targetPath"] = f"$(Pipeline.Workspace)/{inputs['artifactName']}"
        inputs |= {"pwsh": {"pwsh": "true", "targetType": "inline"}, "bash": {"targetType": "inline"}}.get(kind, {})
    else:
        unsupported = kind in _UNSUPPORTED
        fail(
            node,
            f"'{kind}' steps are not supported by the sandbox's agent" if unsupported else f"Unexpected value '{kind}'",
        )
    return Step(
        task=task,
        place=node.place,
        inputs=inputs,
        name=_identifier(node, "name"),
        display_name=_text(node, "displayName"),
        condition=_text(node, "condition"),
        continue_on_error=_flag(node, "continueOnError", False),
        enabled=_flag(node, "enabled", True),
        timeout=_number(node, "timeoutInMinutes", 0),
        retries=_number(node, _RETRY, 0),
        env=_map(node.get("env")),
        target=_target(node.get("target")),
    )


def _target(node: Node | None) -> Restrictions:
    if node is None:
        return Restrictions()
    if isinstance(node, Scalar):
        if node.text != "host":
            fail(node, f"container targets are not supported by the sandbox's agent: '{node.text}'")
        return Restrictions()
    if not isinstance(node, Mapping):
        fail(node, "target must be text or a mapping")
    _check(node, ("container", "commands", "settableVariables"), "a step's target")
    if _text(node, "container", "host") != "host":
        fail(node, "container targets are not supported by the sandbox's agent")
    mode = _text(node, "commands", "any")
    if mode not in ("any", "restricted"):
        fail(node, f"commands must be 'any' or 'restricted', not '{mode}'")
    settable = node.get("settableVariables")
    if settable is None:
        return Restrictions(mode == "restricted")
    if isinstance(settable, Scalar):
        if settable.text != "none":
            fail(settable, "settableVariables must be a list of names or 'none'")
        return Restrictions(mode == "restricted", ())
    return Restrictions(mode == "restricted", _names(settable))


def _variables(node: Node | None) -> tuple[Declaration, ...]:
    if node is None:
        return ()
    if isinstance(node, Mapping):
        return tuple(Declaration(key, value) for key, value in _map(node).items())
    return _list(node, _declaration)


def _declaration(node: Node) -> Declaration:
    if not isinstance(node, Mapping):
        fail(node, "a variable must be a mapping with 'name' and 'value', or 'group'")
    if node.get("group") is not None:
        _check(node, ("group",), "a variable group")
        return Declaration(group=_text(node, "group"))
    _check(node, ("name", "value", "readonly"), "a variable")
    if not _text(node, "name"):
        fail(node, "a variable needs a name")
    return Declaration(_text(node, "name"), _text(node, "value"), _flag(node, "readonly", False))


# Small readers


def _check(node: Mapping, known: tuple[str, ...], what: str) -> None:
    for key, _ in node.entries:
        if key.text not in known:
            fail(key, f"Unexpected value '{key.text}' in {what}; known: {', '.join(sorted(known))}")


def _text(node: Mapping, key: str, default: str = "") -> str:
    value = node.get(key)
    if value is None:
        return default
    if not isinstance(value, Scalar):
        fail(value, f"'{key}' must be text")
    return value.text


def _flag(node: Mapping, key: str, default: bool) -> bool:
    text = _text(node, key).lower()
    if text not in ("", "true", "yes", "on", "y", "false", "no", "off", "n"):
        fail(node.get(key) or node, f"'{key}' must be true or false, not '{text}'")
    return text in ("true", "yes", "on", "y") if text else default


def _number(node: Mapping, key: str, default: int) -> int:
    text = _text(node, key)
    if text and not text.isdecimal():
        fail(node.get(key) or node, f"'{key}' must be a number, not '{text}'")
    return int(text) if text else default


def _identifier(node: Mapping, key: str) -> str:
    name = _text(node, key)
    if name and not _NAME.fullmatch(name):
        fail(node, f"The {key} name '{name}' is not valid: only letters, digits and '_', not starting with a digit")
    return name


def _map(node: Node | None) -> dict[str, str]:
    if node is None or (isinstance(node, Scalar) and not node.text):
        return {}
    if not isinstance(node, Mapping):
        fail(node, "expected a mapping")
    return {key.text: _text(node, key.text) for key, _ in node.entries}


def _names(node: Node) -> tuple[str, ...]:
    if isinstance(node, Scalar):
        return (node.text,) if node.text else ()
    return _list(node, lambda item: item.text if isinstance(item, Scalar) else fail(item, "expected a name"))


def _list(node: Node | None, read_item: Callable[[Node], T]) -> tuple[T, ...]:
    if node is None or (isinstance(node, Scalar) and not node.text):
        return ()
    if not isinstance(node, Sequence):
        fail(node, "expected a list")
    return tuple(read_item(item) for item in node.items)


def _check_unique(names: list[tuple[str, Place]], what: str) -> None:
    seen: set[str] = set()
    for name, place in names:
        if name.lower() in seen:
            fail(Scalar(name, place), f"The {what} name '{name}' appears more than once")
        seen.add(name.lower())


def _check_dependencies(nodes: list[tuple[str, tuple[str, ...], Place]], what: str) -> None:
    known = {name for name, _, _ in nodes}
    for name, depends_on, place in nodes:
        for needed in depends_on:
            if needed not in known:
                fail(Scalar(name, place), f"The {what} '{name}' depends on unknown {what} '{needed}'")
