"""What is known of an endpoint on this machine, on disk: whole after every change, whoever is killed.

endpoints/NAME/           only its owner may look into it: the keys are there
    endpoint.json         written by its front door alone
    door.json             where the door that runs now takes commands, and the word that it wants to hear
    door.lock             held for as long as the door lives
    door.log
    tries/NAME-…/         one for each time that a deployment was made: code/, azureml-models/, server.log
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from amltasks.data import Data
from amltasks.errors import ServiceError
from amltasks.platforms.endpoints import Auth, Deployment, Endpoint, State
from amltasks.platforms.local.serving.server import Server
from amltasks.report.files import write_whole

HOST = "127.0.0.1"


class Try(Data):
    """A deployment as it was asked for once. folder: its name in `tries`. models: ids."""

    deployment: str
    folder: str
    server: Server
    models: tuple[str, ...]
    tags: dict[str, str] = {}


class LocalDeployment(Data):
    """serving: what answers requests, None before anything did. latest: the folder of the newest try."""

    name: str
    state: State
    latest: str
    serving: Try | None = None
    traffic: int = 0
    mirror: int = 0
    reason: str = ""


class LocalEndpoint(Data):
    """port: 0 before there is one. marker: by which all processes of its scoring servers are found."""

    name: str
    auth: Auth
    port: int = 0
    key: str
    marker: str
    tags: dict[str, str] = {}
    deployments: tuple[LocalDeployment, ...] = ()

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/score"

    def deployment(self, name: str) -> LocalDeployment | None:
        return next((each for each in self.deployments if each.name == name), None)

    def with_deployment(self, deployment: LocalDeployment) -> LocalEndpoint:
        """In the place of the one of its name."""
        others = tuple(each for each in self.deployments if each.name != deployment.name)
        return self.model_copy(update={"deployments": (*others, deployment)})

    def as_told(self) -> Endpoint:
        """In the words of the contract."""
        return Endpoint(
            name=self.name,
            state="ready",
            address=self.address,
            auth=self.auth,
            several=True,
            deployments=tuple(map(_as_told, self.deployments)),
            tags=self.tags,
        )


def _as_told(deployment: LocalDeployment) -> Deployment:
    serving = deployment.serving
    return Deployment(
        name=deployment.name,
        state=deployment.state,
        models=serving.models if serving else (),
        traffic=deployment.traffic,
        mirror=deployment.mirror,
        tags=serving.tags if serving else {},
        reason=deployment.reason,
    )


class EndpointFolder:
    """The files of one endpoint."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "endpoint.json"
        self.door = path / "door.json"
        self.lock = path / "door.lock"
        self.door_log = path / "door.log"
        self.tries = path / "tries"

    def read(self) -> LocalEndpoint | None:
        """None where there is no endpoint. Raises ServiceError where its file is damaged."""
        try:
            return LocalEndpoint.model_validate_json(self.state.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise ServiceError(
                f"{self.state} cannot be read: delete the endpoint, and make it anew ({error})."
            ) from error

    def write(self, endpoint: LocalEndpoint) -> None:
        write_whole(self.state, endpoint.model_dump_json(by_alias=True, indent=2) + "\n")

    def make(self, name: str, auth: Auth, tags: Mapping[str, str]) -> None:
        """An endpoint without deployments."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        made = LocalEndpoint(
            name=name, auth=auth, key=secrets.token_urlsafe(32), marker=uuid.uuid4().hex, tags=dict(tags)
        )
        self.write(made)

    def log(self, endpoint: LocalEndpoint, deployment: str) -> str:
        """Of the newest try of a deployment; empty where there is none."""
        found = endpoint.deployment(deployment)
        file = self.tries / (found.latest if found else "") / "server.log"
        return file.read_text("utf-8", "replace") if file.is_file() else ""
