"""What clients send about computes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sandbox.wire import Flag, Integer, Text, Wire, one_of


class Scale(Wire):
    max_node_count: Integer
    min_node_count: Integer = 0
    node_idle_time_before_scale_down: Text | None = None


class ResourceId(Wire):
    id: Text


class UserAccount(Wire):
    admin_user_name: Text
    admin_user_ssh_public_key: Text | None = None
    admin_user_password: Text | None = None


class ClusterProperties(Wire):
    vm_size: Text
    vm_priority: Annotated[str, one_of("Dedicated", "LowPriority")] = "Dedicated"
    scale_settings: Scale
    os_type: Annotated[str, one_of("Linux", "Windows")] = "Linux"
    isolated_network: Flag | None = None
    user_account_credentials: UserAccount | None = None
    subnet: ResourceId | None = None
    remote_login_port_public_access: Annotated[str, one_of("Enabled", "Disabled", "NotSpecified")] = "NotSpecified"
    enable_node_public_ip: Flag = True
    property_bag: dict[str, Any] | None = None


class InstanceResources(Wire):
    requests: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None


class InstanceType(Wire):
    node_selector: dict[str, str] | None = None
    resources: InstanceResources | None = None


class KubernetesProperties(Wire):
    namespace: Text = "default"
    default_instance_type: Text | None = None
    instance_types: dict[str, InstanceType] | None = None
    extension_instance_release_train: Text | None = None
    extension_principal_id: Text | None = None
    vc_name: Text | None = None


class _Compute(Wire):
    compute_location: Text | None = None
    description: Text | None = None
    resource_id: Text | None = None
    disable_local_auth: Flag | None = None


class Cluster(_Compute):
    compute_type: Literal["AmlCompute"]
    properties: ClusterProperties


class Kubernetes(_Compute):
    compute_type: Literal["Kubernetes"]
    resource_id: Text
    properties: KubernetesProperties = KubernetesProperties()


class TlsSettings(Wire):
    """Of an AKS compute's services: status Enabled with a certificate, or Auto with a label in Azure's own domain."""

    status: Annotated[str, one_of("Disabled", "Enabled", "Auto")] = "Disabled"
    cname: Text | None = None
    cert: Text | None = None
    key: Text | None = None
    leaf_domain_label: Text | None = None
    overwrite_existing_domain: Flag = False


class AksNetwork(Wire):
    subnet_id: Text
    service_cidr: Text
    dns_service_ip: Text = Field(alias="dnsServiceIP")
    docker_bridge_cidr: Text


class AksProperties(Wire):
    agent_count: Annotated[Integer, Field(ge=1)] | None = None
    agent_vm_size: Text | None = None
    cluster_purpose: Annotated[str, one_of("FastProd", "DenseProd", "DevTest")] = "FastProd"
    load_balancer_type: Annotated[str, one_of("PublicIp", "InternalLoadBalancer")] = "PublicIp"
    load_balancer_subnet: Text | None = None
    ssl_configuration: TlsSettings | None = None
    aks_networking_configuration: AksNetwork | None = None


class Aks(_Compute):
    """With the id of a cluster it is attached, without one it is made."""

    compute_type: Literal["AKS"]
    properties: AksProperties = AksProperties()


class UserIdentityRef(Wire):
    principal_id: Text | None = None
    client_id: Text | None = None


class Identity(Wire):
    type: Annotated[str, one_of("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")]
    principal_id: Text | None = None
    tenant_id: Text | None = None
    user_assigned_identities: dict[str, UserIdentityRef] | None = None


class Compute(Wire):
    location: Text
    tags: dict[str, str] = {}
    identity: Identity | None = None
    properties: Annotated[Cluster | Kubernetes | Aks, Field(discriminator="compute_type")]


class ScaleUpdate(Wire):
    scale_settings: Scale


class InnerUpdate(Wire):
    compute_type: Literal["AmlCompute"] = "AmlCompute"
    properties: ScaleUpdate


class ComputeUpdate(Wire):
    """PATCH changes how a cluster scales, nothing else."""

    properties: InnerUpdate
