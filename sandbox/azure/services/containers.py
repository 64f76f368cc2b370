"""What is in a service's container, laid out as the SDK v1's images have it, and the server that is started on it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.azure.datastores.state import account_of
from sandbox.azure.execution.places import Place, UnknownPlaceError, download, place_of
from sandbox.azure.history.state import CONTAINER
from sandbox.azure.modelmanagement import errors as model_errors
from sandbox.azure.modelmanagement.state import name_of
from sandbox.azure.resources import Resource
from sandbox.azure.services.models import AciService, ImageAsset, ImageRequest
from sandbox.azure.services.settings import Container
from sandbox.azure.serving.container import PACKAGE
from sandbox.azure.serving.spec import Spec

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

APP, MODELS = "azureml-app", "azureml-models"
_ARTIFACT = "aml://artifact/"


def models_of(cloud: Cloud, workspace: Resource, image: ImageRequest) -> list[Resource]:
    """The registered models of an image; one that is not there is refused."""
    found = []
    for name in image.model_ids:
        model = cloud.models.find(workspace, name)
        if model is None:
            raise model_errors.model_not_found(name)
        found.append(model)
    return found


def digest_of(container: Container) -> str:
    """The same for containers that are the same inside: another one needs a new server."""
    told = container.model_dump(
        mode="json", include={"environment_image_request", "container_resource_requirements"}, by_alias=True
    )
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def image_of(workspace: Resource, container: Container) -> str:
    """Its name in the workspace's registry, in which it is not."""
    return f"{registry_of(workspace)}/azureml/azureml_{digest_of_image(container.environment_image_request)}"


def digest_of_image(image: ImageRequest) -> str:
    return hashlib.sha256(image.model_dump_json().encode()).hexdigest()[:32]


def registry_of(workspace: Resource) -> str:
    return f"{workspace.properties['workspaceId'].replace('-', '')}.azurecr.io"


def spec_of(
    cloud: Cloud,
    workspace: Resource,
    container: Container,
    network: Callable[[Path], Mapping[str, str]],
    ready: float,
) -> Spec:
    """What a container's server is started with. ready: seconds until it must answer."""
    image = container.environment_image_request
    models = models_of(cloud, workspace, image)
    assert image.environment is not None
    variables = dict(image.environment.environment_variables)
    script = variables.pop("AZUREML_ENTRY_SCRIPT", None) or image.driver_program or ""
    return Spec(
        environment=_environment(cloud, workspace, image),
        fetch=lambda folder: fill(cloud, workspace, image, models, folder / APP),
        script=script,
        root=APP,
        models=f"{APP}/{_models_folder(models)}" if models else "",
        variables=variables,
        network=network,
        workers=1 if isinstance(container, AciService) else container.max_concurrent_requests_per_container,
        ready=ready,
    )


def fill(cloud: Cloud, workspace: Resource, image: ImageRequest, models: list[Resource], folder: Path) -> None:
    """Write the files of an image into a folder. UnknownPlaceError for one that is not there."""
    folder.mkdir(parents=True)
    for asset in image.assets:
        _fetch_asset(cloud, workspace, asset, folder)
    for model in models:
        place = place_of(cloud, workspace, model.properties["modelUri"])
        target = folder / folder_of(model)
        target.mkdir(parents=True)
        _fetch_model(cloud, place, target)


def folder_of(model: Resource) -> str:
    name, _, version = name_of(model).partition(":")
    return f"{MODELS}/{name}/{version}"


def _models_folder(models: list[Resource]) -> str:
    """Where scripts look: the only model's own, or that of all."""
    return folder_of(models[0]) if len(models) == 1 else MODELS


def place_of_asset(workspace: Resource, asset: ImageAsset) -> Place:
    return Place(account_of(workspace), CONTAINER, asset.url.removeprefix(_ARTIFACT))


def _fetch_asset(cloud: Cloud, workspace: Resource, asset: ImageAsset, folder: Path) -> None:
    place = place_of_asset(workspace, asset)
    if not asset.unpack:
        download(cloud, place, folder)
        return
    data = cloud.storage.get(place.account, place.container, place.path)
    if data is None:
        raise UnknownPlaceError(f"There is no archive at {asset.url}.")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")


def _fetch_model(cloud: Cloud, place: Place, target: Path) -> None:
    """A file, or a folder under its own name."""
    path = place.path.rstrip("/")
    is_file = cloud.storage.get(place.account, place.container, path) is not None
    below = target if is_file else target / path.rpartition("/")[2]
    below.mkdir(exist_ok=True)
    download(cloud, Place(place.account, place.container, path), below)


def _environment(cloud: Cloud, workspace: Resource, image: ImageRequest) -> dict[str, Any]:
    """The properties of an environment's version, with the server where Azure adds it."""
    assert image.environment is not None
    properties = cloud.environments.properties(workspace, image.environment)
    if image.environment.inferencing_stack_version:
        conda = yaml.safe_load(properties.get("condaFile") or "{}")
        dependencies = [*conda.get("dependencies", []), {"pip": [PACKAGE]}]
        properties["condaFile"] = yaml.safe_dump({**conda, "dependencies": dependencies}, sort_keys=False)
    return properties
