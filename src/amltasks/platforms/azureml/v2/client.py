"""A workspace through the SDK v2: signed in, looked up, and quiet; what jobs, models and endpoints have in common."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.answers import answered, repeated, said_by
from amltasks.platforms.azureml.computes import SYSTEM_ASSIGNED
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.service import there_are
from amltasks.quoting import quoted

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

_POLLING_SECONDS = 1.0  # of operations that the SDK waits for; its own default is 30


class Client:
    """Of one workspace."""

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud) -> None:
        self.workspace = workspace
        self._credential = credential
        self._cloud = cloud

    @cached_property
    def _client(self) -> MLClient:
        _silence()
        from azure.ai.ml import MLClient

        place = self.workspace
        return MLClient(
            self._credential,
            place.subscription,
            place.resource_group,
            place.name,
            cloud=self._cloud.name,
            # Only while it shows progress does the SDK see that a file could not be sent; else it waits for ever.
            show_progress=True,
            polling_interval=_POLLING_SECONDS,
            enable_telemetry=False,
        )

    def tracking_uri(self) -> str:
        """Of the workspace, which is looked up by it: raises UserError where there is none, or no right to see it."""
        return repeated(self._tracking_uri)

    def _tracking_uri(self) -> str:
        from azure.core.exceptions import ResourceNotFoundError

        place = self.workspace
        with answered(f"The workspace {place.name} cannot be used"):
            try:
                return str(self._client.workspaces.get(place.name).mlflow_tracking_uri)
            except ResourceNotFoundError as error:
                known = self._names(lambda: self._client.workspaces.list())
                raise UserError(
                    f"There is no workspace {quoted(place.name)} in the resource group {quoted(place.resource_group)}: "
                    f"{said_by(error)[1]}{there_are(place.name, known)}"
                ) from error

    def check_compute(self, name: str) -> None:
        """Raises UserError, with the names that there are, where there is no such cluster."""
        repeated(lambda: self._check_compute(name))

    def _check_compute(self, name: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        with answered(f"The compute {name} cannot be used"):
            try:
                self._client.compute.get(name)
            except ResourceNotFoundError as error:
                known = self._names(lambda: self._client.compute.list())
                where = f"in the workspace {self.workspace.name}"
                raise UserError(f"compute: {quoted(name)} is not {where}{there_are(name, known)}") from error

    def _names(self, listed_by: Callable[[], Iterable[Any]]) -> list[str]:
        """Of what there is, for a better answer; none where it may not be listed."""
        try:
            with answered("What there is could not be listed"):
                return sorted(str(item.name) for item in listed_by())
        except (ServiceError, UserError):
            return []


def identity_of(wanted: str) -> Any:
    """Of a compute or an endpoint. wanted: `systemAssigned`, the resource id of one, or empty for none said."""
    from azure.ai.ml.entities import IdentityConfiguration, ManagedIdentityConfiguration

    if not wanted:
        return None
    if wanted == SYSTEM_ASSIGNED:
        return IdentityConfiguration(type="system_assigned")
    named = [ManagedIdentityConfiguration(resource_id=wanted)]
    return IdentityConfiguration(type="user_assigned", user_assigned_identities=named)


def _silence() -> None:
    """The SDK tells on the standard streams, by logs, by warnings and by points, what is for its developers."""
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"azure\.ai\.ml.*")
    warnings.filterwarnings("ignore", module="marshmallow.*")
    from azure.ai.ml._utils import _azureml_polling

    # It prints a point whenever it looks, from a thread of its own, between the lines that the agent reads.
    vars(_azureml_polling)["print"] = lambda *_, **__: None
