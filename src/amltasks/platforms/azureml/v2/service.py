"""A workspace through the SDK v2: jobs, and what run history tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.service import RunDetails
from amltasks.platforms.azureml.v2.jobs import Jobs
from amltasks.platforms.azureml.v2.runs import RunHistory

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class ServiceV2(Jobs):
    """See `service.Service`."""

    details_requests = 1

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud) -> None:
        super().__init__(workspace, credential, cloud)
        self._history: RunHistory | None = None

    def open(self) -> None:
        self._history = RunHistory(self.tracking_uri(), self._credential, f"{self._cloud.resource_manager}.default")

    def details(self, name: str) -> RunDetails:
        assert self._history, "open comes first"
        return self._history.details(name)

    def metrics(self, name: str) -> dict[str, float]:
        assert self._history, "open comes first"
        return self._history.metrics(name)

    def close(self) -> None:
        if self._history:
            self._history.close()
