"""Answers about packages, and about the registry that has the images that were asked for."""

from __future__ import annotations

import json
import secrets

from sandbox.azure.datastores.state import account_of
from sandbox.azure.execution.places import UnknownPlaceError
from sandbox.azure.history.state import CONTAINER
from sandbox.azure.packages.context import manifest
from sandbox.azure.resources import Resource
from sandbox.azure.services import failures, settings
from sandbox.azure.services.containers import digest_of_image, models_of, registry_of
from sandbox.azure.services.models import ImageRequest, PackageRequest
from sandbox.azure.services.operations import Operation
from sandbox.azure.services.responses import accepted, registered
from sandbox.azure.wire import Call, reply
from sandbox.azure.workspaces.responses import workspace_of
from sandbox.wire import Answer

_SECONDS = 24 * 3600
_RECORDED = "The image is recorded, not built: it is in no registry.\n"


def create_package(call: Call) -> Answer:
    workspace = workspace_of(call)
    asked: PackageRequest = call.json(PackageRequest)
    image = asked.image_request
    settings.check_image(image)
    models = models_of(call.azure, workspace, image)
    environment = registered(call, workspace, image)
    operation = call.azure.services.operations.begin(workspace, f"Package{asked.package_type}", "BuildImage")
    if asked.package_type == "DockerImage":
        name = asked.image_name or "package"
        label = asked.image_label or digest_of_image(image)
        place = f"{registry_of(workspace)}/{name}:{label}"
        _end(call, workspace, operation, place, f"{place}\n{_RECORDED}")
        return accepted(call, operation)
    try:
        told = manifest(call.azure, workspace, image, environment, models)
    except UnknownPlaceError as error:
        failure = failures.of_files(str(error))
        call.azure.services.operations.end(operation, "Failed", error=failure.body)
        return accepted(call, operation)
    address = _kept(call, workspace, operation, "manifest.json", json.dumps(told), "application/json")
    _end(call, workspace, operation, address, "The context of the image is ready.\n")
    return accepted(call, operation)


def image_details(call: Call) -> Answer:
    """Of an environment: the image that it has, and the registry's password."""
    workspace, name, version = workspace_of(call), call.values["name"], call.values["version"]
    found = call.azure.environments.find(workspace, name, version)
    if found is None:
        raise call.error(404, "UserError", f"No environment {name}:{version} exists in the workspace.")
    registry = {"address": registry_of(workspace), "username": _user(workspace), "password": _password(call, workspace)}
    digest = digest_of_image(ImageRequest(environment=call.azure.environments.definition(found)))
    return reply(
        {"imageExistsInRegistry": False, "dockerImage": {"name": f"azureml/azureml_{digest}", "registry": registry}}
    )


def list_workspace_keys(call: Call) -> Answer:
    workspace = workspace_of(call)
    passwords = [{"name": "password", "value": _password(call, workspace)}]
    credentials = {"location": registry_of(workspace), "username": _user(workspace), "passwords": passwords}
    return reply(
        {
            "userStorageKey": call.azure.storage.key(account_of(workspace)),
            "userStorageResourceId": workspace.properties["storageAccount"],
            "containerRegistryCredentials": credentials,
        }
    )


def _end(call: Call, workspace: Resource, operation: Operation, place: str, log: str) -> None:
    address = _kept(call, workspace, operation, "build.log", log, "text/plain")
    call.azure.services.operations.end(operation, place=place, log=address)


def _kept(call: Call, workspace: Resource, operation: Operation, name: str, text: str, media_type: str) -> str:
    """The signed address of a blob with this text."""
    account, blob = account_of(workspace), f"Packages/{operation.id}/{name}"
    call.azure.storage.put(account, CONTAINER, blob, text.encode(), media_type)
    return call.azure.storage.signed(account, CONTAINER, blob, "r", _SECONDS)


def _user(workspace: Resource) -> str:
    return registry_of(workspace).partition(".")[0]


def _password(call: Call, workspace: Resource) -> str:
    """Of the registry, which nobody asks: made when it is first told."""
    name = f"registry-password/{workspace.id.lower()}"
    found = call.world.store.read(name)
    if not found:
        found = secrets.token_urlsafe(24).encode()
        call.world.store.write(name, found)
    return found.decode()
