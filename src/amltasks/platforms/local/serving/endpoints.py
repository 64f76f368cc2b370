"""Endpoints on this machine, for laptops and agents of one's own. `door` is what stays."""

from __future__ import annotations

import os
import re
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from amltasks.errors import UserError
from amltasks.platforms.endpoints import (
    Access,
    Auth,
    Cause,
    Deployed,
    Deployment,
    DeploymentSpec,
    Endpoint,
    EndpointSpec,
    Tell,
)
from amltasks.platforms.local.registry import LocalRegistry
from amltasks.platforms.local.serving.client import close_door, command, open_door
from amltasks.platforms.local.serving.environment import NotMadeError, scoring_python
from amltasks.platforms.local.serving.proxy import DEPLOYMENT_HEADER
from amltasks.platforms.local.serving.server import Server, model_folder
from amltasks.platforms.local.serving.state import EndpointFolder, LocalEndpoint, Try
from amltasks.quoting import quoted

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_NOT_COPIED = {".git", "__pycache__", ".amltasks"}


class LocalEndpoints:
    """folder: need not exist before something is served."""

    shares = True
    mirrors = True

    def __init__(self, folder: Path) -> None:
        self._root = folder.absolute() / "endpoints"
        self._registry = LocalRegistry(folder)

    def open(self) -> None:
        if sys.platform == "win32":
            raise UserError("platform: models are served on Linux and macOS only, not on Windows.")
        self._registry.open()

    def check(self, endpoint: EndpointSpec, deployment: DeploymentSpec) -> tuple[str, ...]:
        _checked_name(endpoint.name)
        if endpoint.auth in (Auth.TOKEN, Auth.AAD):
            raise UserError(f"auth: on this machine there are key and none, not {endpoint.auth.value}.")
        if not (deployment.code / deployment.script).is_file():
            raise UserError(f"scoringScript: there is no {quoted(deployment.script)} in {deployment.code}.")
        return tuple(f"{name} has no meaning on this machine." for name in _without_meaning(endpoint, deployment))

    def names(self) -> list[str]:
        """Of the endpoints that there are."""
        return sorted(path.parent.name for path in self._root.glob("*/endpoint.json"))

    def find(self, name: str) -> Endpoint | None:
        folder = self._folder(name)
        if folder.read() is None:
            return None
        open_door(folder)
        return self._read(name).as_told()

    def ensure(self, spec: EndpointSpec, tell: Tell) -> Endpoint:
        folder = self._folder(spec.name)
        there = folder.read()
        if there is None:
            tell(f"Making the endpoint {spec.name} on this machine.")
            folder.make(spec.name, spec.auth, spec.tags)
            open_door(folder)
        else:
            command(folder, "change", auth=spec.auth, tags=spec.tags)
        return self._read(spec.name).as_told()

    def deploy(self, endpoint: str, spec: DeploymentSpec, tell: Tell) -> Deployed:
        folder = self._folder(endpoint)
        self._read(endpoint)
        try:
            python = scoring_python(spec.environment, tell)
        except NotMadeError as error:
            failed = Deployment(name=spec.name, state="failed", reason=str(error))
            return Deployed(deployment=failed, cause=Cause.IMAGE_BUILD, reason=str(error), log=error.log)
        for note in python.notes:
            tell(note)
        wanted = self._copied(folder, spec, python.path)
        tell(f"Starting {spec.name} …")
        return Deployed.model_validate_json(command(folder, "deploy", wanted=wanted))

    def route(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] = {}) -> None:
        self._read(endpoint)
        command(self._folder(endpoint), "route", traffic=dict(traffic), mirror=dict(mirror))

    def tag(self, endpoint: str, tags: Mapping[str, str]) -> None:
        self._read(endpoint)
        command(self._folder(endpoint), "tag", tags=dict(tags))

    def access(self, endpoint: str) -> Access:
        known = self._read(endpoint)
        headers = {} if known.auth is Auth.NONE else {"Authorization": f"Bearer {known.key}"}
        return Access(address=known.address, headers=headers, deployment_header=DEPLOYMENT_HEADER)

    def log(self, endpoint: str, deployment: str) -> str:
        return self._folder(endpoint).log(self._read(endpoint), deployment)

    def delete_deployment(self, endpoint: str, deployment: str, tell: Tell) -> None:
        folder = self._folder(endpoint)
        if folder.read() is not None:
            tell(f"Deleting {deployment}.")
            command(folder, "remove", deployment=deployment)

    def delete(self, endpoint: str, tell: Tell) -> None:
        folder = self._folder(endpoint)
        if folder.path.is_dir():
            tell(f"Deleting the endpoint {endpoint}.")
            close_door(folder)

    def close(self) -> None:
        self._registry.close()

    def _folder(self, name: str) -> EndpointFolder:
        return EndpointFolder(self._root / _checked_name(name))

    def _read(self, name: str) -> LocalEndpoint:
        found = self._folder(name).read()
        if found is None:
            raise UserError(f"There is no endpoint {quoted(name)} on this machine.")
        return found

    def _copied(self, folder: EndpointFolder, spec: DeploymentSpec, python: Path) -> Try:
        """All that the server needs, so that nothing of what is here now is needed later."""
        made = folder.tries / f"{spec.name}-{uuid.uuid4().hex[:8]}"
        made.mkdir(parents=True)
        shutil.copytree(spec.code, made / "code", ignore=self._not_copied)
        downloaded = {}
        for number, model in enumerate(spec.models):
            place = made / "models" / str(number)
            place.mkdir(parents=True)
            self._registry.download(model, place)
            downloaded[model.id] = place
        server = Server(
            python=python,
            code=made / "code",
            script=spec.script,
            models=model_folder(downloaded, made),
            variables=spec.variables,
            workers=_replicas(spec),
            timeout=spec.requests.timeout,
        )
        ids = tuple(model.id for model in spec.models)
        return Try(deployment=spec.name, folder=made.name, server=server, models=ids, tags=spec.tags)

    def _not_copied(self, folder: str, names: list[str]) -> set[str]:
        """What is no code, and above all not what is kept here: the copy would be copied without end."""
        ours = {self._root, self._root.with_name("models")}
        return {name for name in names if name in _NOT_COPIED or Path(os.path.abspath(folder), name) in ours}


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UserError(f"endpoint: {quoted(name)} is no name: begin with a letter, then letters, digits and hyphens.")
    return name


def _replicas(spec: DeploymentSpec) -> int:
    autoscale = spec.resources.autoscale
    return spec.resources.replicas or (autoscale.minimum if autoscale else 1)


def _without_meaning(endpoint: EndpointSpec, deployment: DeploymentSpec) -> Iterator[str]:
    """Names of settings that were given, as inputs have them."""
    resources = deployment.resources
    given = {
        "compute": endpoint.compute,
        "location": endpoint.location,
        "environment": deployment.environment.name,
        "image": deployment.environment.image,
        "cpu": resources.cpu,
        "cpuLimit": resources.cpu_limit,
        "memory": resources.memory,
        "memoryLimit": resources.memory_limit,
        "gpu": resources.gpu,
        "instanceType": resources.instance_type,
        "autoscale": resources.autoscale,
        "concurrentRequests": deployment.requests.concurrent,
        "queueTimeout": deployment.requests.queue_wait,
        "livenessProbe": deployment.liveness != type(deployment.liveness)(),
        "readinessProbe": deployment.readiness != type(deployment.readiness)(),
        "appInsights": deployment.app_insights,
        "collectData": deployment.collect_data,
    }
    yield from (name for name, value in given.items() if value)
    yield from endpoint.settings
