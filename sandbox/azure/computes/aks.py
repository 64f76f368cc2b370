"""AKS computes: each is a cluster of Kubernetes that serves, made with the compute or attached as it is."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.azure.computes import errors
from sandbox.azure.computes.models import Aks
from sandbox.azure.computes.state import SIZES
from sandbox.azure.resources import Resource, Resources
from sandbox.store import Document, Store, Table

REGIONS = ("eastus", "eastus2", "northeurope", "swedencentral", "westeurope", "westus2")
_TYPE = "Microsoft.ContainerService/managedClusters"
_LEAST_CORES = {"FastProd": 12, "DenseProd": 12, "DevTest": 2}
NETWORK = "203.0.113"  # of those that documentation has for itself: no such address is anybody's


class Address(Document):
    """cluster: its id. number: the last part of its public address."""

    cluster: str
    number: int


class AksClusters:
    """The clusters of the subscription, each with a public address. quota: cores that they may have together."""

    def __init__(self, store: Store, resources: Resources, location: str) -> None:
        self._store = store
        self._resources = resources
        self._location = location
        self._addresses = Table(store, "azure-aks-address", Address)
        self.quota = 200

    def create(
        self, group: str, name: str, agents: int = 3, size: str = "Standard_D3_v2", location: str | None = None
    ) -> Resource:
        """A cluster. group: the id of its resource group."""
        path = f"{group}/providers/{_TYPE}/{name}"
        properties = {
            "provisioningState": "Succeeded",
            "fqdn": f"{name}-{uuid.uuid4().hex[:8]}.hcp.{location or self._location}.azmk8s.io",
            "agentPoolProfiles": [{"name": "agentpool", "count": agents, "vmSize": SIZES[size.lower()].name}],
        }
        with self._store.changing():
            used = {each.number for each in self._addresses.all("")}
            number = min(set(range(1, 255)) - used)
            self._addresses.put("", path.lower(), Address(cluster=path, number=number))
            return self._resources.put(path, properties, {"location": location or self._location})

    def find(self, path: str) -> Resource | None:
        return self._resources.get(path) if f"/{_TYPE}/".lower() in path.lower() else None

    def delete(self, path: str) -> None:
        with self._store.changing():
            self._resources.delete(path)
            self._addresses.delete("", path.lower())

    def address(self, cluster: str) -> str:
        """Where a cluster serves."""
        found = self._addresses.get("", cluster.lower())
        assert found is not None
        return f"{NETWORK}.{found.number}"

    def at(self, address: str) -> str | None:
        """The id of the cluster that serves at an address."""
        network, _, number = address.rpartition(".")
        if network != NETWORK:
            return None
        return next((each.cluster for each in self._addresses.all("") if str(each.number) == number), None)

    def check(self, asked: Aks) -> None:
        """Refuse what cannot be made or attached."""
        inner = asked.properties
        if asked.resource_id:
            cluster = self.find(asked.resource_id)
            if cluster is None:
                raise errors.no_cluster(asked.resource_id)
            cores = cores_of(cluster)
        else:
            location = asked.compute_location or self._location
            if location.lower() not in REGIONS:
                raise errors.bad_location(location, REGIONS)
            size = inner.agent_vm_size or "Standard_D3_v2"
            if size.lower() not in SIZES:
                raise errors.unknown_size(size, location, (each.name for each in SIZES.values()))
            cores = (inner.agent_count or 3) * SIZES[size.lower()].cores
        if cores < _LEAST_CORES[inner.cluster_purpose]:
            raise errors.too_few_cores(inner.cluster_purpose, _LEAST_CORES[inner.cluster_purpose], cores)

    def check_room(self, cluster: Resource) -> None:
        """Refuse a cluster whose machines the quota does not allow; it is gone by that."""
        others = [self.find(each.cluster) for each in self._addresses.all("") if each.cluster != cluster.id]
        taken, asked = sum(cores_of(each) for each in others if each), cores_of(cluster)
        if taken + asked > self.quota:
            self.delete(cluster.id)
            raise errors.no_room(cluster.name, self.quota, taken, asked)

    def of(self, group: str, name: str, asked: Aks, known: Resource | None) -> tuple[Resource, dict[str, Any]]:
        """The cluster of a compute, made where it is to be, and the compute's properties. known: as it was before."""
        inner = asked.properties
        path = asked.resource_id or (known.properties["resourceId"] if known else None)
        cluster = self.find(path) if path else None
        if cluster is None:
            cluster = self.create(
                group,
                f"{name}{uuid.uuid4().hex[:9]}",
                inner.agent_count or 3,
                inner.agent_vm_size or "Standard_D3_v2",
                asked.compute_location,
            )
        [pool] = cluster.properties["agentPoolProfiles"]
        tls = inner.ssl_configuration
        told = {
            "agentCount": pool["count"],
            "agentVmSize": pool["vmSize"],
            "clusterPurpose": inner.cluster_purpose,
            "clusterFqdn": cluster.properties["fqdn"],
            "loadBalancerType": inner.load_balancer_type,
            "loadBalancerSubnet": inner.load_balancer_subnet,
            "systemServices": [
                {"systemServiceType": "ScoringFrontEnd", "publicIpAddress": self.address(cluster.id), "version": "2"}
            ],
            "sslConfiguration": tls.model_dump(by_alias=True, exclude={"cert", "key"}) if tls else None,
        }
        return cluster, {
            "computeType": "AKS",
            "computeLocation": cluster.more["location"],
            "description": asked.description,
            "resourceId": cluster.id,
            "isAttachedCompute": asked.resource_id is not None,
            "properties": told,
        }


def cores_of(cluster: Resource) -> int:
    [pool] = cluster.properties["agentPoolProfiles"]
    return int(pool["count"]) * SIZES[pool["vmSize"].lower()].cores
