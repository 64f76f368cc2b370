"""Clusters of a workspace through the SDK v2."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.answers import answered, repeated, said_by
from amltasks.platforms.azureml.computes import SYSTEM_ASSIGNED, Cluster, Found, State
from amltasks.platforms.azureml.connection import Cloud, Workspace
from amltasks.platforms.azureml.v2.client import Client, identity_of

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_STATES: dict[str, State] = {"Succeeded": "ready", "Failed": "failed", "Canceled": "failed", "Deleting": "deleting"}
_KINDS = {"amlcompute": "AmlCompute", "kubernetes": "Kubernetes", "computeinstance": "ComputeInstance"}


class ComputesV2(Client):
    """See `computes.Computes`."""

    def __init__(self, workspace: Workspace, credential: TokenCredential, cloud: Cloud) -> None:
        super().__init__(workspace, credential, cloud)
        self._begun: dict[str, Any] = {}  # name → what the SDK waits for, which alone is told why it fails

    def open(self) -> None:
        self.tracking_uri()

    def find(self, name: str) -> Found | None:
        return repeated(lambda: self._find(name))

    def begin(self, cluster: Cluster) -> None:
        def begin() -> None:
            with answered(f"The compute {cluster.name} could not be made"):
                self._begun[cluster.name] = self._client.compute.begin_create_or_update(_entity(cluster))

        repeated(begin)

    def delete(self, name: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        def delete() -> None:
            with answered(f"The compute {name} could not be deleted"):
                try:
                    self._client.compute.begin_delete(name)
                except ResourceNotFoundError:
                    return

        repeated(delete)

    def sizes(self) -> tuple[str, ...]:
        try:
            with answered("The sizes of machines could not be listed"):
                return tuple(str(each.name) for each in self._client.compute.list_sizes())
        except (ServiceError, UserError):
            return ()  # not everybody may list them: the service says whether there is one

    def close(self) -> None:
        """Nothing is kept open."""

    def _find(self, name: str) -> Found | None:
        from azure.core.exceptions import ResourceNotFoundError

        with answered(f"The compute {name} could not be looked for"):
            try:
                found: Any = self._client.compute.get(name)
            except ResourceNotFoundError:
                return None
            state = _STATES.get(found.provisioning_state or "", "creating")
            kind = _KINDS.get(found.type.lower(), found.type)
            if kind != "AmlCompute":
                return Found(cluster=Cluster(name=name), state=state, kind=kind)
            cluster = Cluster(
                name=name,
                size=found.size,
                minimum=found.min_instances,
                maximum=found.max_instances,
                idle=int(found.idle_time_before_scale_down or 0),
                low_priority=found.tier == "low_priority",
                identity=_told_identity(found.identity),
                tags={str(key): str(value) for key, value in (found.tags or {}).items()},
            )
        reason = self._failure(name) or str(found.provisioning_errors or "") if state == "failed" else ""
        return Found(cluster=cluster, state=state, reason=reason)

    def _failure(self, name: str) -> str:
        from azure.core.exceptions import HttpResponseError

        poller = self._begun.get(name)
        if poller is None:
            return ""
        try:
            poller.result(timeout=30)  # it has failed: the SDK's next look tells so
        except HttpResponseError as error:
            # Told of by a good answer; a bad one says nothing of the compute.
            return said_by(error)[1] if (error.status_code or HTTPStatus.OK) < HTTPStatus.BAD_REQUEST else ""
        return ""


def _entity(cluster: Cluster) -> Any:
    from azure.ai.ml.entities import AmlCompute

    return AmlCompute(
        name=cluster.name,
        size=cluster.size,
        min_instances=cluster.minimum,
        max_instances=cluster.maximum,
        idle_time_before_scale_down=cluster.idle,
        tier="low_priority" if cluster.low_priority else "dedicated",
        identity=identity_of(cluster.identity),
        description=cluster.description or None,
        tags=dict(cluster.tags),
    )


def _told_identity(found: Any) -> str:
    if found is None or not found.type or found.type.lower() == "none":
        return ""
    named = [str(each.resource_id) for each in found.user_assigned_identities or ()]
    return named[0] if named else SYSTEM_ASSIGNED
