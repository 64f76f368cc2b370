"""A deployment as its container sees it: environment, code, model, variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sandbox.azure.assets.state import CODE, ENVIRONMENT, MODEL, Kind
from sandbox.azure.execution.places import UnknownPlaceError, download, place_of
from sandbox.azure.onlineendpoints import errors
from sandbox.azure.onlineendpoints.models import DefaultScale, KubernetesDeployment, ManagedDeployment, Probe
from sandbox.azure.resources import Resource
from sandbox.azure.serving.spec import Spec

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

# What a change of needs another container.
_OF_CONTAINER = ("codeConfiguration", "environmentId", "environmentVariables", "model", "livenessProbe")
_WORKERS = "WORKER_COUNT"
_MOST_WORKERS = 4  # of one deployment, on this machine


def check(cloud: Cloud, workspace: Resource, asked: ManagedDeployment | KubernetesDeployment) -> None:
    """Refuse a deployment that names what is not there, or what is not played."""
    if isinstance(asked, ManagedDeployment) and not isinstance(asked.scale_settings, DefaultScale):
        raise errors.bad_scale()
    if asked.code_configuration is None or asked.code_configuration.code_id is None:
        raise errors.not_played("deployments without a scoring script")
    if asked.environment_id is None:
        raise errors.not_played("deployments without an environment")
    _asset(cloud, workspace, CODE, asked.code_configuration.code_id)
    environment = _asset(cloud, workspace, ENVIRONMENT, asked.environment_id)
    if "build" in environment.properties or "inferenceConfig" in environment.properties:
        raise errors.not_played("images with a scoring server of their own")
    if asked.model:
        _asset(cloud, workspace, MODEL, asked.model)


def changes_container(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return any(before.get(name) != after.get(name) for name in _OF_CONTAINER)


def spec_of(
    cloud: Cloud, workspace: Resource, asked: Mapping[str, Any], network: Callable[[Path], Mapping[str, str]]
) -> Spec:
    """asked: the deployment's properties. network: see Spec."""
    environment = cloud.assets.by_id(asked["environmentId"])
    code = cloud.assets.by_id(asked["codeConfiguration"]["codeId"])
    model = cloud.assets.by_id(asked["model"]) if asked.get("model") else None
    models = f"azureml-models/{_name(model)}/{model.name}" if model else ""

    def fetch(folder: Path) -> None:
        if code is None:
            raise UnknownPlaceError("The code is gone.")
        (folder / "code").mkdir()
        download(cloud, place_of(cloud, workspace, code.properties["codeUri"]), folder / "code")
        if model:
            _fetch_model(cloud, workspace, model, folder / models)

    variables = {str(name): str(text) for name, text in asked["environmentVariables"].items()}
    workers = variables.get(_WORKERS, "1")
    probes = [Probe.model_validate(asked[name]) for name in ("livenessProbe", "readinessProbe")]
    return Spec(
        environment=environment.properties if environment else {},
        fetch=fetch,
        script=asked["codeConfiguration"]["scoringScript"],
        models=models,
        variables=variables,
        network=network,
        workers=min(int(workers), _MOST_WORKERS) if workers.isdecimal() and int(workers) else 1,
        ready=min(probe.patience for probe in probes),
    )


def _fetch_model(cloud: Cloud, workspace: Resource, model: Resource, target: Path) -> None:
    """A folder keeps its name, as a file does."""
    place = place_of(cloud, workspace, model.properties["modelUri"])
    target.mkdir(parents=True)
    name = PurePosixPath(place.path).name
    names = cloud.storage.names(place.account, place.container, f"{place.path.rstrip('/')}/")
    folder = target / name if names else target
    folder.mkdir(exist_ok=True)
    download(cloud, place, folder)


def _asset(cloud: Cloud, workspace: Resource, kind: Kind, asset: str) -> Resource:
    found = cloud.assets.by_id(asset)
    own = found is not None and found.id.lower().startswith(f"{workspace.id}/{kind.segment}/".lower())
    if found is None or not own or "/versions/" not in found.id:
        raise errors.unknown_asset(kind.noun, asset)
    return found


def _name(asset: Resource) -> str:
    return asset.id.split("/")[-3]
