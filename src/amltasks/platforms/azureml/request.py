"""What a step says of Azure Machine Learning: where the notebooks run there, in what, and what becomes of the jobs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.notebooks.core_yaml import load_yaml
from amltasks.quoting import quoted
from amltasks.requests import parse_yes_or_no

# Of the task, beside those that both platforms understand.
INPUTS = (
    "azureSubscription", "resourceGroup", "workspace", "compute", "instanceType", "instanceCount", "environment",
    "experiment", "outputs", "tags", "identity", "wait", "resume", "cancelSuperseded",
)  # fmt: skip
# https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-command: letters, digits, - and _, 255 at most
_EXPERIMENT = re.compile(r"[^A-Za-z0-9_-]+")
_OUTPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CLIENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INSTANCE_COUNT = 100
OUR_TAGS = "amltasks."  # what our own tags begin with


class Identity(Data):
    """As whom a job acts: the compute's or a user-assigned managed identity, or whoever submits it."""

    kind: Literal["managed", "user"]
    client_id: str = ""


class AzureRequest(Data):
    """resource_group, workspace: empty where the service connection names them.

    compute: a cluster; empty for serverless, which instance_type and instance_count are for.
    environment: words, see `environment`; empty for the default one. outputs: name → where in a datastore, or empty.
    wait: False to submit the jobs and leave them. resume: names of jobs to collect instead of submitting any.
    cancel_superseded: None for the default, which is to do so in builds of pull requests.
    """

    resource_group: str = ""
    workspace: str = ""
    compute: str = ""
    instance_type: str = ""
    instance_count: int = 1
    environment: tuple[str, ...] = ()
    experiment: str = ""
    outputs: dict[str, str] = {}
    tags: dict[str, str] = {}
    identity: Identity | None = None
    wait: bool = True
    resume: tuple[str, ...] = ()
    cancel_superseded: bool | None = None

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, str], pipeline: str = "") -> AzureRequest:
        """From a task's inputs; pipeline: its name, which the experiment is called after. Raises UserError."""
        given = {name: inputs.get(name, "").strip() for name in INPUTS}
        if given["compute"] and given["instanceType"]:
            raise UserError(
                "compute and instanceType: name a cluster, or the size of serverless machines, but not both."
            )
        superseded = given["cancelSuperseded"].lower() or "auto"
        return cls(
            resource_group=given["resourceGroup"],
            workspace=given["workspace"],
            compute=given["compute"],
            instance_type=given["instanceType"],
            instance_count=_instance_count(given["instanceCount"] or "1"),
            environment=tuple(re.split(r"[\s,]+", given["environment"])) if given["environment"] else (),
            experiment=_EXPERIMENT.sub("-", given["experiment"] or pipeline).strip("-")[:255] or "notebooks",
            outputs=_outputs(given["outputs"]),
            tags=_tags(given["tags"]),
            identity=_identity(given["identity"]),
            wait=parse_yes_or_no(given["wait"] or "true", "wait"),
            resume=tuple(name for name in re.split(r"[\s,]+", given["resume"]) if name),
            cancel_superseded=None if superseded == "auto" else parse_yes_or_no(superseded, "cancelSuperseded"),
        )


def refuse_without_platform(inputs: Mapping[str, str]) -> None:
    """Settings of Azure ML in a step that runs on the agent were meant for something. Raises UserError."""
    defaults = {"wait": "true", "cancelSuperseded": "auto", "instanceCount": "1"}
    for name in INPUTS:
        if inputs.get(name, "").strip() not in ("", defaults.get(name, "")):
            raise UserError(f"{name}: is for notebooks on Azure ML: add `platform: azureml`, or take it away.")


def _instance_count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= _INSTANCE_COUNT:
        raise UserError(f"instanceCount: {quoted(text)} is not a whole number from 1 to {_INSTANCE_COUNT}.")
    return int(text)


def _identity(text: str) -> Identity | None:
    kind, _, client_id = text.partition(":")
    if not text:
        return None
    if text.lower() == "user":
        return Identity(kind="user")
    if kind.lower() == "managed" and (not client_id or _CLIENT_ID.fullmatch(client_id.strip())):
        return Identity(kind="managed", client_id=client_id.strip())
    raise UserError(f"identity: {quoted(text)} is none: say managed, managed:CLIENT-ID or user.")


def _outputs(text: str) -> dict[str, str]:
    """One `name` or `name=azureml://…` a line."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, place = (part.strip() for part in line.partition("="))
        if not _OUTPUT.fullmatch(name):
            raise UserError(f"outputs: {quoted(name)} is no name: letters, digits and _ make one.")
        if place and not place.startswith("azureml://"):
            raise UserError(f"outputs: {quoted(place)} is no place of a datastore: azureml://datastores/NAME/paths/….")
        if found.setdefault(name, place) != place:
            raise UserError(f"outputs: {quoted(name)} stands there twice.")
    return found


def _tags(text: str) -> dict[str, str]:
    """A YAML mapping."""
    value: Any = load_yaml(text, "tags") if text else {}
    if not isinstance(value, dict):
        raise UserError("tags: has to be a mapping, with lines like `name: value`.")
    tags: dict[str, str] = {}
    for name, item in value.items():
        if isinstance(item, (dict, list)) or not str(name).strip():
            raise UserError(f"tags: {quoted(name)}: a tag is a name and one value.")
        if str(name).startswith(OUR_TAGS):
            raise UserError(f"tags: {quoted(name)}: names that begin with {OUR_TAGS} are the task's own.")
        tags[str(name)] = item if isinstance(item, str) else json.dumps(item) if item is not None else ""
    return tags
