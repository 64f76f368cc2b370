"""The registry and the endpoints of the platform azureml-v1, in a process of its environment that is asked often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.azureml.cloud import Azure
from tests.sandbox.azure.sdk import Sdk

_OPEN = """
import json
import os
os.chdir(home)  # where the SDK leaves logs
from pathlib import Path
from amltasks.errors import AmlTasksError
from amltasks.platforms.azureml.connection import ServiceConnection, chosen_workspace
from amltasks.platforms.azureml.credential import credential
from amltasks.platforms.azureml.request import AzureRequest
from amltasks.platforms.azureml.v1.endpoints import EndpointsV1
from amltasks.platforms.azureml.v1.packages import PackagesV1
from amltasks.platforms.azureml.v1.registry import RegistryV1
from amltasks.platforms.endpoints import *
from amltasks.platforms.registry import Model, NewModel
parts = (endpoint[name] for name in ("id", "url", "scheme", "parameters", "data"))
connection = ServiceConnection.from_agent(*parts)
signed_in = (chosen_workspace(connection, AzureRequest()), credential(connection), connection.cloud)
def opened(kind, *more):
    place = kind(*signed_in, *more)
    place.open()
    return place
def told(*of):
    return [json.loads(each.model_dump_json()) for each in of]
def refused(action):
    try:
        action()
    except AmlTasksError as error:
        return f"{type(error).__name__}: {error}"
"""


@dataclass(frozen=True)
class Places:
    """A workspace of Azure on loopback, and a process that asks it."""

    azure: Azure
    process: Sdk
    endpoint: dict[str, Any]

    def run(self, code: str, **values: Any) -> Any:
        """A snippet; what it binds to `result` comes back. It knows `opened`, `told` and `refused`."""
        known = {"endpoint": self.endpoint, "home": str(self.azure.folder), **values}
        return self.process.run(_OPEN + code, self.azure.environment, **known)


@contextmanager
def open_places(azure: Azure) -> Iterator[Places]:
    application, secret = azure.principal()
    process = Sdk(azure.python)
    try:
        yield Places(azure, process, azure.endpoint(application, serviceprincipalkey=secret))
    finally:
        process.close()
