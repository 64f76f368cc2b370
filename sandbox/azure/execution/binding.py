"""What a job's command and its process see: inputs and outputs as paths, and the variables that Azure ML sets."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.azure.execution.places import Place, UnknownPlaceError, download, place_of
from sandbox.azure.history.state import Run
from sandbox.azure.jobs.state import REFERENCE, output_uri
from sandbox.azure.resources import Resource

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

_TRACKED = Path(__file__).with_name("tracked.py")
_TOKEN_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True)
class Bound:
    """values: what stands for `inputs.x` and `outputs.x` in the command. outputs: folder and place of each."""

    values: Mapping[str, str]
    outputs: Mapping[str, tuple[Path, Place]]

    def command(self, text: str) -> str:
        return REFERENCE.sub(lambda found: self.values[f"{found['way']}.{found['name']}"], text)


def bind(cloud: Cloud, workspace: Resource, run: Run, definition: Mapping[str, Any], folder: Path) -> Bound:
    """Fetch the inputs and make room for the outputs, below a folder. UnknownPlaceError."""
    values: dict[str, str] = {}
    outputs: dict[str, tuple[Path, Place]] = {}
    for name, asked in definition["inputs"].items():
        values[f"inputs.{name}"] = _input(cloud, workspace, asked, folder / "inputs" / name)
    for name, asked in definition["outputs"].items():
        address = output_uri(run, name, asked)
        path = folder / "outputs" / name
        if asked["jobOutputType"] == "uri_file":
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            path.mkdir(parents=True)
        outputs[name] = path, place_of(cloud, workspace, address)
        values[f"outputs.{name}"] = address if asked["mode"] == "Direct" else str(path)
    return Bound(values, outputs)


def tracked(command: str) -> str:
    """A command that runs a script, `python script.py …`, such that the SDK v1 tracks the script."""
    python, _, script = command.partition(" ")
    return f"{python} {shlex.quote(str(_TRACKED))} {script}"


def variables(
    cloud: Cloud, workspace: Resource, run: Run, definition: Mapping[str, Any], bound: Bound, python: Path, node: Path
) -> dict[str, str]:
    """Of the job's process; what the job asks for comes last, as there."""
    subscription, group, name = (workspace.id.split("/")[index] for index in (2, 4, 8))
    tracking = str(workspace.properties["mlFlowTrackingUri"])
    host = f"https://{cloud.location}.api.azureml.ms"
    token = cloud.tokens.issue(run.caller, "https://management.azure.com", _TOKEN_SECONDS)
    found = {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(node),
        "TMPDIR": str(node),
        "LANG": "C.UTF-8",
        "VIRTUAL_ENV": str(python.parent.parent),
        "PYTHONUNBUFFERED": "1",
        "AZUREML_RUN_ID": run.id,
        "AZUREML_ROOT_RUN_ID": run.id,
        "AZUREML_RUN_TOKEN": token,
        "AZUREML_EXPERIMENT_ID": run.experiment_id,
        "AZUREML_ARM_SUBSCRIPTION": subscription,
        "AZUREML_ARM_RESOURCEGROUP": group,
        "AZUREML_ARM_WORKSPACE_NAME": name,
        "AZUREML_ARM_PROJECT_NAME": run.experiment,
        "AZUREML_WORKSPACE_ID": str(workspace.properties["workspaceId"]),
        "AZUREML_WORKSPACE_SCOPE": workspace.id,
        "AZUREML_SERVICE_ENDPOINT": host,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{host}/discovery",
        "AZUREML_CURRENT_CLOUD": "AzureCloud",
        "MLFLOW_TRACKING_URI": tracking,
        "MLFLOW_RUN_ID": run.id,
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_EXPERIMENT_ID": run.experiment_id,
        "MLFLOW_EXPERIMENT_NAME": run.experiment,
    }
    for reference, value in bound.values.items():
        way, _, bare = reference.partition(".")
        found[f"AZURE_ML_{way[:-1].upper()}_{bare}"] = value
    return {**found, **definition["environmentVariables"]}


def _input(cloud: Cloud, workspace: Resource, asked: Mapping[str, Any], target: Path) -> str:
    """What stands for an input: a value, an address, or a path below `target`."""
    if asked["jobInputType"] == "literal":
        return str(asked["value"])
    if asked["mode"] == "Direct":
        return str(asked["uri"])
    place = place_of(cloud, workspace, asked["uri"])
    target.mkdir(parents=True)
    count = download(cloud, place, target)
    if asked["jobInputType"] != "uri_file":
        return str(target)
    if count != 1:
        raise UnknownPlaceError(f"The input {target.name} is not one file: there are {count} at {asked['uri']}.")
    return str(next(path for path in target.rglob("*") if path.is_file()))
