"""What clients send about services. What a service was asked for, with all defaults, are its settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from sandbox.azure.environments.models import Definition
from sandbox.wire import Flag, Integer, Number, Text, Wire, one_of

_Positive = Annotated[Number, Field(gt=0)]
_Count = Annotated[Integer, Field(ge=1)]
VersionType = Annotated[str, one_of("Control", "Treatment")]


class ImageAsset(Wire):
    """A file, or an archive to unpack, that is an artifact: `aml://artifact/LocalUpload/…`."""

    id: Text | None = None
    url: Text
    mime_type: Text | None = None
    unpack: Flag = False


class ImageRequest(Wire):
    """What is in a container. driver_program: the client's wrapper around the scoring script, one of the assets."""

    driver_program: Text | None = None
    assets: tuple[ImageAsset, ...] = ()
    model_ids: tuple[Text, ...] = ()
    environment: Definition | None = None


class Keys(Wire):
    primary_key: Text | None = None
    secondary_key: Text | None = None


class Requirements(Wire):
    cpu: _Positive = 0.1
    cpu_limit: _Positive | None = None
    memory_in_gb: _Positive = Field(default=0.5, alias="memoryInGB")
    memory_in_gb_limit: _Positive | None = Field(default=None, alias="memoryInGBLimit")
    gpu: Integer | None = None


class DataCollection(Wire):
    storage_enabled: Flag = False
    event_hub_enabled: Flag = False


class AutoScaler(Wire):
    autoscale_enabled: Flag = False
    min_replicas: _Count = 1
    max_replicas: _Count = 10
    target_utilization: _Count = 70
    refresh_period_in_seconds: _Count = 1


class Probe(Wire):
    period_seconds: _Count = 10
    initial_delay_seconds: _Count = 310
    timeout_seconds: _Count = 2
    failure_threshold: _Count = 3
    success_threshold: _Count = 1


class Encryption(Wire):
    vault_base_url: Text
    key_name: Text
    key_version: Text


class Network(Wire):
    vnet_name: Text
    subnet_name: Text


class _Service(Wire):
    name: Text
    description: Text | None = None
    kv_tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    keys: Keys = Keys()
    overwrite: Flag = False
    app_insights_enabled: Flag = False


class AciService(_Service):
    compute_type: Literal["ACI"]
    environment_image_request: ImageRequest
    location: Text | None = None
    container_resource_requirements: Requirements = Requirements()
    auth_enabled: Flag = False
    ssl_enabled: Flag = False
    ssl_certificate: Text | None = None
    ssl_key: Text | None = None
    cname: Text | None = None
    dns_name_label: Text | None = None
    data_collection: DataCollection = DataCollection()
    encryption_properties: Encryption | None = None
    vnet_configuration: Network | None = None


class AksService(_Service):
    """A service on AKS, or a version of an endpoint there, which has traffic, too."""

    compute_type: Literal["AKS"]
    environment_image_request: ImageRequest
    compute_name: Text | None = None
    location: Text | None = None
    namespace: Text | None = None
    auth_enabled: Flag | None = None
    aad_auth_enabled: Flag = False
    num_replicas: _Count | None = None
    auto_scaler: AutoScaler = AutoScaler()
    container_resource_requirements: Requirements = Requirements()
    liveness_probe_requirements: Probe = Probe()
    data_collection: DataCollection = DataCollection()
    max_concurrent_requests_per_container: _Count = 1
    max_queue_wait_ms: _Count = 500
    scoring_timeout_ms: _Count = 60000
    storage_init_enabled: Flag | None = None
    traffic_percentile: Annotated[Number, Field(ge=0, le=100)] | None = None
    is_default: Flag = False
    type: VersionType = "Treatment"


class AksEndpoint(_Service):
    compute_type: Literal["AKSENDPOINT"]
    compute_name: Text | None = None
    namespace: Text | None = None
    auth_enabled: Flag | None = None
    aad_auth_enabled: Flag = False
    versions: Annotated[dict[str, AksService], Field(min_length=1, max_length=6)]

    @field_validator("versions", mode="before")
    @classmethod
    def _of_one_kind(cls, versions: Any) -> Any:
        """The SDK gives the first version the endpoint's kind, and those that it adds that of a service."""
        if not isinstance(versions, dict):
            return versions
        return {
            name: {**version, "computeType": "AKS"}
            if isinstance(version, dict) and version.get("computeType") == "AKSENDPOINT"
            else version
            for name, version in versions.items()
        }


AnyService = Annotated[AciService | AksService | AksEndpoint, Field(discriminator="compute_type")]


class Validation(Wire):
    """A request that a client wants judged before it makes it."""

    type: Annotated[str, one_of("Create", "Update", "Delete")]
    service_name: Text
    create_request: dict[str, Any] | None = None
    update_request: tuple[Change, ...] | None = None


class Change(Wire):
    """Of a member of the settings, in the form of JSON Patch."""

    op: Annotated[str, one_of("add", "replace", "remove")]
    path: Annotated[Text, Field(pattern="^/.")]
    value: Any = None


class NewKey(Wire):
    """key_value: one that is made where there is none."""

    key_type: Annotated[str, one_of("Primary", "Secondary")]
    key_value: Text | None = None


class PackageRequest(Wire):
    image_request: ImageRequest
    package_type: Annotated[str, one_of("DockerImage", "DockerBuildContext")]
    image_name: Text | None = None
    image_label: Text | None = None
