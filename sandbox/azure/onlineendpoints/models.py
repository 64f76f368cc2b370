"""What clients send about online endpoints and their deployments."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from sandbox.wire import Flag, Integer, Number, Text, Wire, one_of

_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def seconds(duration: str) -> float:
    """Of an ISO 8601 duration, like `PT5S`. ValueError where it is none."""
    if not duration.startswith("P"):
        raise ValueError(f"{duration!r} is no ISO 8601 duration")
    return _DURATION.validate_python(duration).total_seconds()


def _duration(text: str) -> str:
    try:
        seconds(text)
    except ValidationError:
        raise ValueError(f"{text!r} is no ISO 8601 duration") from None
    return text


Duration = Annotated[Text, AfterValidator(_duration)]
Percent = Annotated[Integer, Field(ge=0, le=100)]
Count = Annotated[Integer, Field(ge=1)]


class AuthKeys(Wire):
    primary_key: Text | None = None
    secondary_key: Text | None = None


class EndpointProperties(Wire):
    """endpoint: its name, which the SDK sends once more where it changes nothing but traffic."""

    auth_mode: Annotated[str, one_of("Key", "AMLToken", "AADToken")]
    description: Text | None = None
    keys: AuthKeys | None = None
    properties: dict[str, str] = {}
    compute: Text | None = None
    traffic: dict[str, Percent] = {}
    mirror_traffic: dict[str, Percent] = {}
    public_network_access: Annotated[str, one_of("Enabled", "Disabled")] = "Enabled"
    endpoint: Text | None = None
    scoring_uri: Text | None = None  # read only, like the next two; ignored
    swagger_uri: Text | None = None
    provisioning_state: Text | None = None


class Identity(Wire):
    type: Annotated[str, one_of("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")]
    principal_id: Text | None = None
    tenant_id: Text | None = None
    user_assigned_identities: dict[str, dict[str, Any]] | None = None


class EndpointBody(Wire):
    location: Text
    tags: dict[str, str] = {}
    kind: Text | None = None
    identity: Identity | None = None
    properties: EndpointProperties


class IdentityChange(Wire):
    type: Annotated[str, one_of("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")] | None = None
    user_assigned_identities: dict[str, dict[str, Any]] | None = None


class EndpointChange(Wire):
    """PATCH: traffic is changed by PUT alone."""

    tags: dict[str, str] | None = None
    identity: IdentityChange | None = None


class RegenerateKeys(Wire):
    key_type: Annotated[str, one_of("Primary", "Secondary")]
    key_value: Text | None = None


class CodeConfiguration(Wire):
    code_id: Text | None = None
    scoring_script: Text


class RequestSettings(Wire):
    max_concurrent_requests_per_instance: Count = 1
    max_queue_wait: Duration | None = None
    request_timeout: Duration = "PT5S"


class Probe(Wire):
    failure_threshold: Count = 30
    initial_delay: Duration = "PT10S"
    period: Duration = "PT10S"
    success_threshold: Count = 1
    timeout: Duration = "PT2S"

    @property
    def patience(self) -> float:
        """Seconds until it has failed for good."""
        return seconds(self.initial_delay) + self.failure_threshold * seconds(self.period)


class DefaultScale(Wire):
    scale_type: Literal["Default"] = "Default"


class TargetUtilization(Wire):
    scale_type: Literal["TargetUtilization"]
    max_instances: Count = 1
    min_instances: Count = 1
    polling_interval: Duration = "PT1S"
    target_utilization_percentage: Percent = 70


class Collection(Wire):
    client_id: Text | None = None
    data_collection_mode: Annotated[str, one_of("Enabled", "Disabled")] | None = None
    data_id: Text | None = None
    sampling_rate: Number | None = None


class RequestLogging(Wire):
    capture_headers: tuple[Text, ...] | None = None


class DataCollector(Wire):
    collections: dict[str, Collection]
    request_logging: RequestLogging | None = None
    rolling_rate: Annotated[str, one_of("Year", "Month", "Day", "Hour", "Minute")] | None = None


class ResourceSettings(Wire):
    cpu: Text | None = None
    gpu: Text | None = None
    memory: Text | None = None


class ResourceRequirements(Wire):
    container_resource_limits: ResourceSettings | None = None
    container_resource_requests: ResourceSettings | None = None


class _Deployment(Wire):
    app_insights_enabled: Flag = False
    code_configuration: CodeConfiguration | None = None
    data_collector: DataCollector | None = None
    description: Text | None = None
    egress_public_network_access: Annotated[str, one_of("Enabled", "Disabled")] = "Enabled"
    environment_id: Text | None = None
    environment_variables: dict[str, str] = {}
    instance_type: Text | None = None
    liveness_probe: Probe = Probe()
    model: Text | None = None
    properties: dict[str, str] = {}
    provisioning_state: Text | None = None  # read only; ignored
    readiness_probe: Probe = Probe()
    request_settings: RequestSettings = RequestSettings()
    scale_settings: Annotated[DefaultScale | TargetUtilization, Field(discriminator="scale_type")] = DefaultScale()


class ManagedDeployment(_Deployment):
    endpoint_compute_type: Literal["Managed"]
    instance_type: Text


class KubernetesDeployment(_Deployment):
    endpoint_compute_type: Literal["Kubernetes"]
    container_resource_requirements: ResourceRequirements | None = None


class Sku(Wire):
    name: Text = "Default"
    tier: Text | None = None
    size: Text | None = None
    family: Text | None = None
    capacity: Count = 1


class DeploymentBody(Wire):
    location: Text
    tags: dict[str, str] = {}
    kind: Text | None = None
    identity: Identity | None = None
    sku: Sku = Sku()
    properties: Annotated[ManagedDeployment | KubernetesDeployment, Field(discriminator="endpoint_compute_type")]


class SkuChange(Wire):
    name: Text | None = None
    tier: Text | None = None
    size: Text | None = None
    family: Text | None = None
    capacity: Count | None = None


class DeploymentChange(Wire):
    """PATCH: how many instances, and tags."""

    tags: dict[str, str] | None = None
    sku: SkuChange | None = None


class LogsRequest(Wire):
    container_type: Annotated[str, one_of("StorageInitializer", "InferenceServer")] = "InferenceServer"
    tail: Count = 100
