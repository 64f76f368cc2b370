"""Clusters of a workspace through the SDK v1. `wait_for_completion` is not used: it looks seldom, and prints."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from amltasks.agent.neutral import one_line
from amltasks.errors import ServiceError, UserError
from amltasks.platforms.azureml.answers import repeated
from amltasks.platforms.azureml.computes import SYSTEM_ASSIGNED, Cluster, Found, State
from amltasks.platforms.azureml.v1.answers import answered, status_of
from amltasks.platforms.azureml.v1.client import Client

_STATES: dict[str, State] = {"succeeded": "ready", "failed": "failed", "canceled": "failed", "deleting": "deleting"}
_Answer = TypeVar("_Answer")


class ComputesV1(Client):
    """See `computes.Computes`."""

    def find(self, name: str) -> Found | None:
        return self._quietly(f"The compute {name} could not be looked for", lambda: self._find(name))

    def begin(self, cluster: Cluster) -> None:
        from azureml.core.compute import AmlCompute, ComputeTarget

        def begin() -> None:
            known = self._target(cluster.name)
            if known is not None and known.provisioning_state.lower() == "succeeded":
                known.update(cluster.minimum, cluster.maximum, cluster.idle)
                return
            system = cluster.identity == SYSTEM_ASSIGNED
            ComputeTarget.create(
                self._workspace,
                cluster.name,
                AmlCompute.provisioning_configuration(
                    vm_size=cluster.size,
                    vm_priority="lowpriority" if cluster.low_priority else "dedicated",
                    min_nodes=cluster.minimum,
                    max_nodes=cluster.maximum,
                    idle_seconds_before_scaledown=cluster.idle,
                    identity_type=("SystemAssigned" if system else "UserAssigned") if cluster.identity else None,
                    identity_id=[cluster.identity] if cluster.identity and not system else None,
                    description=cluster.description or None,
                    tags=dict(cluster.tags) or None,
                ),
            )

        self._quietly(f"The compute {cluster.name} could not be made", begin)

    def delete(self, name: str) -> None:
        def delete() -> None:
            target = self._target(name)
            if target is not None:
                target.delete()

        self._quietly(f"The compute {name} could not be deleted", delete)

    def sizes(self) -> tuple[str, ...]:
        from azureml.core.compute import AmlCompute

        try:
            with answered("The sizes of machines could not be listed"):
                return tuple(str(each["name"]) for each in AmlCompute.supported_vmsizes(self._workspace))
        except (ServiceError, UserError):
            return ()  # not everybody may list them: the service says whether there is one

    def close(self) -> None:
        """Nothing is kept open."""

    def _find(self, name: str) -> Found | None:
        found = self._target(name)
        if found is None:
            return None
        state = _STATES.get((found.provisioning_state or "").lower(), "creating")
        if found.type != "AmlCompute":
            return Found(cluster=Cluster(name=name), state=state, kind=str(found.type))
        scale = found.scale_settings
        cluster = Cluster(
            name=name,
            size=found.vm_size,
            minimum=scale.minimum_node_count,
            maximum=scale.maximum_node_count,
            idle=int(scale.idle_seconds_before_scaledown or 0),
            low_priority=(found.vm_priority or "").lower() == "lowpriority",
            identity=_told_identity(found),
            tags={str(key): str(value) for key, value in (found.tags or {}).items()},
        )
        return Found(cluster=cluster, state=state, reason=_reason(found.provisioning_errors))

    def _target(self, name: str) -> Any:
        """As the SDK has it; None where there is none."""
        from azureml.core.compute import ComputeTarget
        from azureml.exceptions import ComputeTargetException

        try:
            return ComputeTarget(self._workspace, name)
        except ComputeTargetException as error:
            if status_of(error) == HTTPStatus.NOT_FOUND or "ComputeTargetNotFound" in str(error):
                return None
            raise

    def _quietly(self, what: str, action: Callable[[], _Answer]) -> _Answer:
        """Without what the SDK prints."""

        def ask() -> _Answer:
            with answered(what), contextlib.redirect_stdout(io.StringIO()):
                return action()

        return repeated(ask)


def _told_identity(found: Any) -> str:
    kind = (getattr(found, "identity_type", None) or "").lower()
    named = list(getattr(found, "identity_id", None) or ())
    return str(named[0]) if named else SYSTEM_ASSIGNED if "system" in kind else ""


def _reason(errors: Any) -> str:
    """What the service says, the first of it."""
    for each in errors or ():
        told = each.get("error", each) if isinstance(each, dict) else {}
        return one_line(str(told.get("message") or told.get("code") or each), 600)
    return ""
