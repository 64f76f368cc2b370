"""Online endpoints and their deployments, of all workspaces: what there is, and the rules for changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.azure.datastores.state import account_of
from sandbox.azure.history.state import CONTAINER
from sandbox.azure.onlineendpoints import deployment as deployments
from sandbox.azure.onlineendpoints import errors, failures
from sandbox.azure.onlineendpoints.keys import EndpointKeys
from sandbox.azure.onlineendpoints.models import EndpointProperties
from sandbox.azure.onlineendpoints.provisioning import Provisioning
from sandbox.azure.onlineendpoints.rules import BUSY, Rules, check_idle
from sandbox.azure.onlineendpoints.traffic import Balance
from sandbox.azure.operations import Operation
from sandbox.azure.resources import Resource
from sandbox.azure.serving.spec import Cause, StartFailedError
from sandbox.azure.workspaces.state import TYPE
from sandbox.store import Document, Store, Table

if TYPE_CHECKING:
    from sandbox.azure.cloud import Cloud

ENDPOINT, DEPLOYMENT = f"{TYPE}/onlineEndpoints", f"{TYPE}/onlineEndpoints/deployments"
SCORING_HOST = "{endpoint}.{region}.inference.ml.azure.com"
KUBERNETES_HOST = "198.51.100.1"  # of addresses that documentation has for itself: no such one is anybody's
Network = Callable[[Path], Mapping[str, str]]


class Named(Document):
    """id: of the endpoint that has a name, which is there once in the region."""

    id: str


class OnlineEndpoints:
    """provisioning: how fast things are made, and how they fail."""

    def __init__(self, cloud: Cloud, store: Store) -> None:
        self._cloud = cloud
        self._resources = cloud.resources
        self._store = store
        self.keys = EndpointKeys(store, cloud.tokens, cloud.tenant)
        self.provisioning = Provisioning()
        self._rules = Rules(cloud, self)
        self._names = Table(store, "azure-endpoint-name", Named)
        self._balances: dict[tuple[str, str], Balance] = {}
        self._served: dict[str, Mapping[str, Any]] = {}  # what the server of a key was started with

    def find(self, workspace: Resource, name: str) -> Resource | None:
        return self._resources.get(_endpoint(workspace, name))

    def all(self, workspace: Resource) -> list[Resource]:
        return self._resources.all(f"{workspace.id}/onlineEndpoints")

    def named(self, name: str) -> Resource | None:
        """Of whatever workspace."""
        known = self._names.get("", name.lower())
        return self._resources.get(known.id) if known else None

    def deployment(self, endpoint: Resource, name: str) -> Resource | None:
        return self._resources.get(f"{endpoint.id}/deployments/{name}")

    def deployments(self, endpoint: Resource) -> list[Resource]:
        return self._resources.all(f"{endpoint.id}/deployments")

    def put(
        self, workspace: Resource, name: str, asked: EndpointProperties, more: Mapping[str, Any], by: str
    ) -> tuple[Resource, Operation]:
        """Make or change an endpoint. more: what stands beside its properties."""
        with self._store.changing():
            known = self.find(workspace, name)
            self._rules.check(workspace, name, asked, known)
            if known is None:
                if self.named(name):
                    raise errors.name_is_taken()
                self._names.put("", name.lower(), Named(id=_endpoint(workspace, name)))
            wanted = self._told(name, asked)
            state = "Updating" if known else "Creating"
            kept = known.properties if known else {**wanted, "traffic": {}, "mirrorTraffic": {}}
            made = self._resources.put(
                _endpoint(workspace, name),
                {**kept, "provisioningState": state},
                {**(known.more if known else {}), **more},
                by=by,
            )
            if asked.keys and known is None:
                self.keys.put(made.id, asked.keys.primary_key, asked.keys.secondary_key)
        return made, self._run(made.id, lambda: self._settle(made.id, wanted), self.provisioning.endpoints)

    def change(self, endpoint: Resource, more: Mapping[str, Any], by: str) -> tuple[Resource, Operation]:
        """What stands beside an endpoint's properties."""
        check_idle("endpoint", endpoint)
        made = self._resources.put(endpoint.id, endpoint.properties, {**endpoint.more, **more}, by=by)
        return made, self._cloud.operations.run(made.id, lambda: None)

    def delete(self, endpoint: Resource) -> Operation:
        """With all its deployments."""
        self.move(endpoint.id, "Deleting")
        delay = self.provisioning.endpoints.delay
        return self._cloud.operations.run(endpoint.id, lambda: self._erase(endpoint), delay)

    def deploy(
        self,
        endpoint: Resource,
        name: str,
        properties: dict[str, Any],
        more: Mapping[str, Any],
        network: Network,
        by: str,
    ) -> tuple[Resource, Operation]:
        """Make or change a deployment, whose properties were checked. more: beside them, its sku among it."""
        with self._store.changing():
            known = self.deployment(endpoint, name)
            check_idle("endpoint", endpoint)
            if known:
                check_idle("deployment", known)
            self._rules.check_quota(endpoint, name, properties, more["sku"]["capacity"])
            state = "Updating" if known else "Creating"
            made = self._resources.put(
                f"{endpoint.id}/deployments/{name}",
                {**properties, "provisioningState": state},
                {**(known.more if known else {}), **more},
                by=by,
            )
        served = self._served.get(key_of(made), {})
        anew = not self._cloud.serving.serves(key_of(made)) or deployments.changes_container(served, properties)
        work = (lambda: self.serve(made, network)) if anew else (lambda: None)
        return made, self._run(made.id, work, self.provisioning.deployments)

    def scale(self, deployment: Resource, more: Mapping[str, Any], by: str) -> tuple[Resource, Operation]:
        """Change what stands beside a deployment's properties: how many instances, and tags."""
        check_idle("deployment", deployment)
        endpoint = self._endpoint_of(deployment)
        if "sku" in more:
            self._rules.check_quota(endpoint, deployment.name, deployment.properties, more["sku"]["capacity"])
        properties = {**deployment.properties, "provisioningState": "Scaling"}
        made = self._resources.put(deployment.id, properties, {**deployment.more, **more}, by=by)
        return made, self._run(made.id, lambda: None, self.provisioning.deployments)

    def remove(self, deployment: Resource) -> Operation:
        """Refused while it gets traffic."""
        share = int(self._endpoint_of(deployment).properties["traffic"].get(deployment.name, 0))
        if share:
            raise errors.has_traffic(deployment.name, share)
        self.move(deployment.id, "Deleting")
        delay = self.provisioning.deployments.delay
        return self._cloud.operations.run(deployment.id, lambda: self._forget(deployment), delay)

    def serve(self, deployment: Resource, network: Network) -> None:
        """Have the server of a deployment, with its present properties; another one serves until it is there.

        AzureError: why it cannot be."""
        workspace = self._resources.get(deployment.id.partition("/onlineEndpoints/")[0])
        assert workspace is not None
        try:
            self._cloud.serving.start(
                key_of(deployment), deployments.spec_of(self._cloud, workspace, deployment.properties, network)
            )
        except StartFailedError as failed:
            place = ""
            if failed.cause is Cause.IMAGE:
                place = self._keep_log(workspace, deployment, failed.log)
            kubernetes = deployment.properties["endpointComputeType"] == "Kubernetes"
            raise failures.of_start(failed, kubernetes, place) from None
        self._served[key_of(deployment)] = deployment.properties
        if self._resources.get(deployment.id) is None:  # it was deleted meanwhile
            self._cloud.serving.stop(key_of(deployment))

    def balance(self, endpoint: Resource, what: str) -> Balance:
        """Whose turn it is. what: live, mirror."""
        return self._balances.setdefault((endpoint.id.lower(), what), Balance())

    def move(self, path: str, state: str) -> None:
        """Tell how far the making of something is, if it is still there and stays."""
        with self._store.changing():
            found = self._resources.get(path)
            if found is not None and found.properties["provisioningState"] != "Deleting":
                properties = {**found.properties, "provisioningState": state}
                self._resources.put(path, properties, found.more, by=found.modified_by)

    def recover(self) -> None:
        """What was being made when the sandbox ended before has failed; what was being deleted is gone."""
        for endpoint in [each for workspace in self._cloud.workspaces.all() for each in self.all(workspace)]:
            for each in self.deployments(endpoint):
                self._recover(each, self._forget)
            self._recover(endpoint, self._erase)

    def _recover(self, resource: Resource, delete: Callable[[Resource], None]) -> None:
        state = resource.properties["provisioningState"]
        if state == "Deleting":
            delete(resource)
        elif state in BUSY:
            self.move(resource.id, "Failed")

    def _run(self, path: str, work: Callable[[], None], faults: Any) -> Operation:
        """Do the work, then say how it ended."""
        chosen = faults.meet(work)
        if chosen is None:
            return self._cloud.operations.begin(path)

        def carry_out() -> None:
            try:
                chosen()
            except Exception:
                self.move(path, "Failed")
                raise
            self.move(path, "Succeeded")

        return self._cloud.operations.run(path, carry_out, faults.delay)

    def _settle(self, path: str, wanted: Mapping[str, Any]) -> None:
        """From now on an endpoint is as it was wanted."""
        with self._store.changing():
            found = self._resources.get(path)
            if found is not None:
                self._rules.check_traffic(found, wanted["traffic"], wanted["mirrorTraffic"])
                self._resources.put(path, {**found.properties, **wanted}, found.more, by=found.modified_by)

    def _erase(self, endpoint: Resource) -> None:
        for each in self.deployments(endpoint):
            self._forget(each)
        self._resources.delete(endpoint.id)
        self._names.delete("", endpoint.name.lower())
        self.keys.delete(endpoint.id)

    def _forget(self, deployment: Resource) -> None:
        """End a deployment, of which its endpoint says nothing any more."""
        with self._store.changing():
            endpoint = self._endpoint_of(deployment)
            told = dict(endpoint.properties)
            for member in ("traffic", "mirrorTraffic"):
                told[member] = {name: share for name, share in told[member].items() if name != deployment.name}
            self._resources.put(endpoint.id, told, endpoint.more, by=endpoint.modified_by)
        self._cloud.serving.stop(key_of(deployment))
        self._resources.delete(deployment.id)

    def _told(self, name: str, asked: EndpointProperties) -> dict[str, Any]:
        """The properties of an endpoint, but for its state."""
        base = f"https://{SCORING_HOST.format(endpoint=name.lower(), region=self._cloud.location)}"
        if asked.compute:
            base = f"http://{KUBERNETES_HOST}/api/v1/endpoint/{name.lower()}"
        told = asked.json_form()
        for each in ("keys", "endpoint"):
            told.pop(each, None)
        return {**told, "scoringUri": f"{base}/score", "swaggerUri": f"{base}/swagger.json"}

    def _endpoint_of(self, deployment: Resource) -> Resource:
        found = self._resources.get(deployment.id.rpartition("/deployments/")[0])
        assert found is not None
        return found

    def _keep_log(self, workspace: Resource, deployment: Resource, log: str) -> str:
        """Put the log of an image where Azure ML has it; returns where that is, in words."""
        account = account_of(workspace)
        path = f"ImageLogs/{self._endpoint_of(deployment).name}-{deployment.name}/build.log"
        self._cloud.storage.put(account, CONTAINER, path, log.encode(), "text/plain")
        return f"'{account}' under the path '/{CONTAINER}/{path}'"


def key_of(deployment: Resource) -> str:
    """Of its server."""
    return deployment.id.lower()


def _endpoint(workspace: Resource, name: str) -> str:
    return f"{workspace.id}/onlineEndpoints/{name}"
