"""What clients send about assets, a model for the versions of each kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sandbox.wire import Flag, Integer, Text, Wire, one_of


class _Asset(Wire):
    description: Text | None = None
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    is_archived: Flag = False


class _Version(_Asset):
    is_anonymous: Flag = False


def _written(value: Any) -> Any:
    """The SDK sends the version of its hash as a number, where a text is published; the service takes it."""
    return str(value) if type(value) is int else value


class CodeVersion(_Version):
    code_uri: Text
    properties: dict[str, Annotated[str, BeforeValidator(_written)]] = {}


class BuildContext(Wire):
    context_uri: Text
    dockerfile_path: Text = "Dockerfile"


class InferenceRoute(Wire):
    path: Text
    port: Integer


class InferenceConfig(Wire):
    liveness_route: InferenceRoute | None = None
    readiness_route: InferenceRoute | None = None
    scoring_route: InferenceRoute | None = None


class EnvironmentVersion(_Version):
    image: Text | None = None
    conda_file: Text | None = None
    build: BuildContext | None = None
    os_type: Annotated[str, one_of("Linux", "Windows")] = "Linux"
    inference_config: InferenceConfig | None = None
    auto_rebuild: Annotated[str, one_of("Disabled", "OnBaseImageUpdate")] | None = None
    stage: Text | None = None


class _Data(_Version):
    data_uri: Text


class FolderVersion(_Data):
    data_type: Literal["uri_folder"]


class FileVersion(_Data):
    data_type: Literal["uri_file"]


class TableVersion(_Data):
    data_type: Literal["mltable"]
    referenced_uris: tuple[Text, ...] | None = None


DataVersion = Annotated[FolderVersion | FileVersion | TableVersion, Field(discriminator="data_type")]


class Flavor(Wire):
    data: dict[str, Any] | None = None


class ModelVersion(_Version):
    model_uri: Text
    model_type: Annotated[str, one_of("custom_model", "mlflow_model", "triton_model")] = "custom_model"
    flavors: dict[str, Flavor] = {}
    job_name: Text | None = None
    stage: Text | None = None


class ComponentVersion(_Version):
    component_spec: dict[str, Any]


class Container(_Asset):
    data_type: Annotated[str, one_of("uri_folder", "uri_file", "mltable")] | None = None


class CodeBody(Wire):
    properties: CodeVersion


class EnvironmentBody(Wire):
    properties: EnvironmentVersion


class DataBody(Wire):
    properties: DataVersion


class ModelBody(Wire):
    properties: ModelVersion


class ComponentBody(Wire):
    properties: ComponentVersion


class ContainerBody(Wire):
    properties: Container


class PendingUpload(Wire):
    pending_upload_id: Text | None = None
    pending_upload_type: Annotated[str, one_of("None", "TemporaryBlobReference")] = "TemporaryBlobReference"


class UriRequest(Wire):
    """Which assets' places are asked for, by their ids."""

    values: tuple[Text, ...]
