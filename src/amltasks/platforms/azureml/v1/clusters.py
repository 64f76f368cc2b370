"""AKS clusters of a workspace, on which services run: the one that is named, made where that is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from amltasks.agent.neutral import one_line
from amltasks.errors import UserError
from amltasks.platforms.azureml.v1.client import Client
from amltasks.platforms.azureml.v1.services import CREATE, is_set
from amltasks.platforms.endpoints import EndpointSpec, Tell
from amltasks.quoting import listed, nearest, quoted

if TYPE_CHECKING:
    from azureml.core.compute import AksCompute

_LOOK_SECONDS = 5.0


class Clusters(Client):
    """Of one workspace."""

    def check_cluster(self, endpoint: EndpointSpec) -> Iterator[str]:
        """Warnings. Raises UserError, with the names that there are, where there is no such cluster (never another)."""
        found = self._cluster(endpoint)
        home = self._workspace.location
        place = found.cluster_location if found is not None else endpoint.location
        if place and _plain(place) != _plain(home):
            yield (
                f"compute: {endpoint.compute} is in {place}, the workspace in {home}: images are copied from region to "
                "region."
            )

    def ensure_cluster(self, endpoint: EndpointSpec, tell: Tell) -> None:
        """Makes it where it is not there and `createCompute` is true, and waits until it can be used."""
        found = self._cluster(endpoint) or self._created(endpoint, tell)
        state = ""
        while found.provisioning_state not in ("Succeeded", "Failed", "Canceled"):
            if found.provisioning_state != state:
                state = found.provisioning_state
                tell(f"The cluster {endpoint.compute}: {state}")
            time.sleep(_LOOK_SECONDS)
            self._asked(f"The cluster {endpoint.compute} cannot be seen", found.refresh_state)
        if found.provisioning_state != "Succeeded":
            why = one_line(str(found.provisioning_errors or "it says no more"), 600)
            raise UserError(f"compute: the cluster {endpoint.compute} is {found.provisioning_state}: {why}")

    def _cluster(self, endpoint: EndpointSpec) -> AksCompute | None:
        """None where it is to be made."""
        name = endpoint.compute
        if not name:
            raise UserError("compute: name the AKS cluster that serves.")
        computes = self._computes()
        clusters = sorted(each.name for each in computes if each.type == "AKS")
        found = next((each for each in computes if each.name == name), None)
        if found is not None and found.type != "AKS":
            raise UserError(f"compute: {quoted(name)} is no AKS cluster but {found.type}{_there_are(name, clusters)}")
        if found is None and not is_set(endpoint, CREATE):
            where = f"the workspace {self.workspace.name}"
            raise UserError(
                f"compute: there is no AKS cluster {quoted(name)} in {where}{_there_are(name, clusters)} "
                f"With `{CREATE}: true` in settings it is made."
            )
        agents = endpoint.settings.get("agentCount", "")
        if agents and not agents.isdecimal():
            raise UserError(f"settings: agentCount {quoted(agents)} is not a whole number.")
        return found

    def _created(self, endpoint: EndpointSpec, tell: Tell) -> AksCompute:
        from azureml.core.compute import AksCompute, ComputeTarget

        wanted = endpoint.settings
        tell(f"The cluster {endpoint.compute} is not there, and is made.")

        def create() -> Any:
            known = [each for each in ComputeTarget.list(self._workspace) if each.name == endpoint.compute]
            if known:  # of a try whose answer was lost
                return known[0]
            asked = AksCompute.provisioning_configuration(
                agent_count=int(wanted["agentCount"]) if wanted.get("agentCount") else None,
                vm_size=wanted.get("vmSize") or None,
                location=endpoint.location or None,
                cluster_purpose=wanted.get("clusterPurpose") or None,
            )
            return ComputeTarget.create(self._workspace, endpoint.compute, asked)

        return self._asked(f"The cluster {endpoint.compute} could not be made", create)

    def _computes(self) -> list[Any]:
        from azureml.core import ComputeTarget

        return self._asked("The computes could not be listed", lambda: list(ComputeTarget.list(self._workspace)))


def _plain(region: str) -> str:
    return region.replace(" ", "").casefold()


def _there_are(name: str, known: list[str]) -> str:
    return f"{nearest(name, known)}: there are {listed(known)}." if known else ": there are none."
